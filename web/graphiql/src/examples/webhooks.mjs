export const watchOrders = {
  title: 'Watch orders as they happen',
  query: `# Orders as they happen, over a WebSocket. Needs a
# secret key.
#
# Run it: it stays open until you stop it with the same
# button. Then place or pay an order in another window.
#
# Try: other topics; Ctrl-Space inside the brackets
# lists them.

subscription WatchOrders {
  orderEvents(topics: [ORDERS_CREATE, ORDERS_PAID]) {
    id
    topic
    occurredAt
    order {
      name
    }
  }
}
`,
};

const create = {
  title: 'Subscribe an address',
  query: `# Has every new order posted to an address of yours:
# change the uri first. The answer's signingSecret
# checks the signatures; it is shown only this once.
#
# Needs a secret key.

mutation CreateWebhook(
  $topic: WebhookSubscriptionTopic!
  $webhook: WebhookSubscriptionInput!
) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhook) {
    webhookSubscription {
      id
      topic
    }
    signingSecret
    userErrors {
      field
      message
      code
    }
  }
}
`,
  variables: { topic: 'ORDERS_CREATE', webhook: { uri: 'https://example.com/webhooks/orders' } },
};

const list = {
  title: 'Who is told of what',
  query: `# Needs a secret key.

query Webhooks {
  webhookSubscriptions(first: 20) {
    nodes {
      id
      topic
      uri
      createdAt
    }
  }
}
`,
};

const deliveries = {
  title: 'What was sent, and what failed',
  query: `# The latest deliveries with every attempt. Those that
# are EXHAUSTED can be sent again with
# webhookDeliveryRetry. Needs a secret key.

query Deliveries {
  webhookDeliveries(first: 10, reverse: true) {
    nodes {
      id
      topic
      status
      attemptCount
      nextAttemptAt
      attempts {
        statusCode
        error
      }
    }
  }
}
`,
};

const retry = {
  title: 'Send again',
  query: `# The same bytes again, with all retries anew. Needs a
# secret key.

mutation RetryDelivery($id: ID!) {
  webhookDeliveryRetry(id: $id) {
    webhookDelivery {
      id
      status
    }
    userErrors {
      field
      message
      code
    }
  }
}
`,
  variables: { id: 'gid://emporia/WebhookDelivery/…' },
};

export const webhooks = {
  title: 'Webhooks & events',
  examples: [watchOrders, create, list, deliveries, retry],
};
