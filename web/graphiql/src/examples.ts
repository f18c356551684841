// The tabs of a first visit. They teach by example, so each begins with what to do and what to change.
// GraphiQL names a tab after its first operation, hence the operation names. Comments keep to 56 columns, the
// width of the editor on a laptop.

const welcome = `# Welcome to Emporia. Run this with the play button
# or Ctrl-Enter. Ctrl-Space completes names; the book
# on the left opens the documentation.
#
# The key under "Headers" below says whose shop it is:
# { "x-api-key": "esk_..." }
#
# Try: raise "first", or narrow the list with
# query: "tag:sale price:<50". Then copy the id of a
# variant for the next tab.

query Welcome {
  shop {
    name
  }
  products(first: 3) {
    nodes {
      id
      title
      availableForSale
      priceRange {
        minVariantPrice {
          amount
          currencyCode
        }
      }
      variants(first: 1) {
        nodes {
          id
          title
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`;

const createCart = `# A cart with one line in it.
#
# The values stand under "Variables" below: put a
# variant's id from the first tab there as
# merchandiseId, then run.
#
# userErrors says what was refused (an unknown id),
# warnings what was done otherwise than asked (fewer
# pieces than wanted).

mutation CreateCart($lines: [CartLineInput!]!) {
  cartCreate(input: { lines: $lines }) {
    cart {
      id
      checkoutUrl
      totalQuantity
      cost {
        totalAmount {
          amount
          currencyCode
        }
      }
    }
    userErrors {
      field
      message
      code
    }
    warnings {
      message
    }
  }
}
`;

const createCartVariables = {
  lines: [{ merchandiseId: 'gid://emporia/ProductVariant/…', quantity: 1 }],
};

const watchOrders = `# Orders as they happen, over a WebSocket. Needs a
# merchant's key under "Headers".
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
`;

const merchant = `# The merchant's side. Needs a merchant's key under
# "Headers".
#
# Two operations stand here: the play button asks which
# one to run, Ctrl-Enter runs the one the cursor is in.

# The latest five orders. Try to add
# query: "financial_status:paid".
query LatestOrders {
  orders(first: 5, reverse: true) {
    nodes {
      id
      name
      createdAt
      displayFinancialStatus
      currentTotalPriceSet {
        shopMoney {
          amount
          currencyCode
        }
      }
    }
  }
}

# Has every new order posted to an address of yours:
# change the uri under "Variables" first.
mutation CreateWebhook(
  $topic: WebhookSubscriptionTopic!
  $webhook: WebhookSubscriptionInput!
) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhook) {
    webhookSubscription {
      id
      topic
    }
    userErrors {
      field
      message
    }
  }
}
`;

const merchantVariables = {
  topic: 'ORDERS_CREATE',
  webhook: { uri: 'https://example.com/webhooks/orders' },
};

/** @param headers text of the headers editor, the same on every tab */
export function defaultTabs(headers: string) {
  return [
    // GraphiQL does not show variables on the tab it opens with, so the first has none.
    { query: welcome, headers },
    { query: createCart, headers, variables: pretty(createCartVariables) },
    { query: watchOrders, headers },
    { query: merchant, headers, variables: pretty(merchantVariables) },
  ];
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
