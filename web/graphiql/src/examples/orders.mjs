const latest = {
  title: 'The latest orders',
  query: `# Needs a secret key.
#
# Try: query: "financial_status:paid".

query LatestOrders {
  orders(first: 5, reverse: true) {
    nodes {
      id
      name
      createdAt
      email
      displayFinancialStatus
      displayFulfillmentStatus
      currentTotalPriceSet {
        shopMoney {
          amount
          currencyCode
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
};

const order = {
  title: 'One order, whole',
  query: `# An order with its lines, address and history. The ids
# are in "The latest orders". Needs a secret key.

query OrderDetails($id: ID!) {
  order(id: $id) {
    name
    lineItems(first: 50) {
      nodes {
        id
        title
        variantTitle
        quantity
        unfulfilledQuantity
        discountedTotalSet {
          shopMoney {
            amount
          }
        }
      }
    }
    shippingAddress {
      formatted
    }
    fulfillmentOrders(first: 5) {
      nodes {
        id
        status
      }
    }
    statusHistory {
      kind
      createdAt
      message
    }
  }
}
`,
  variables: { id: 'gid://emporia/Order/…' },
};

const byToken = {
  title: "A shopper's order",
  query: `# How a shopper finds an order again: with the token
# that checkoutComplete answered. Any key will do.

query MyOrder($token: String!) {
  orderByToken(token: $token) {
    name
    displayFulfillmentStatus
    fulfillments(first: 5) {
      trackingInfo {
        company
        number
        url
      }
    }
  }
}
`,
  variables: { token: '…' },
};

const markAsPaid = {
  title: 'Mark as paid',
  query: `# For money that came some other way, as with an
# invoice. Needs a secret key.

mutation MarkAsPaid($input: OrderMarkAsPaidInput!) {
  orderMarkAsPaid(input: $input) {
    order {
      name
      displayFinancialStatus
    }
    userErrors {
      field
      message
      code
    }
  }
}
`,
  variables: { input: { id: 'gid://emporia/Order/…' } },
};

const fulfil = {
  title: 'Send it',
  query: `# Notes that everything that is left of an order was
# sent; with fulfillmentOrderLineItems only a part of
# it. Needs a secret key.

mutation SendOrder($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment {
      id
      totalQuantity
      trackingInfo {
        number
        url
      }
    }
    userErrors {
      field
      message
      code
    }
  }
}
`,
  variables: {
    fulfillment: {
      lineItemsByFulfillmentOrder: [{ fulfillmentOrderId: 'gid://emporia/FulfillmentOrder/…' }],
      trackingInfo: { company: 'DHL', number: '00340434161094000000' },
    },
  },
};

const cancel = {
  title: 'Cancel',
  query: `# Cancels an order of which nothing was sent, and puts
# its pieces back into stock. Needs a secret key.

mutation CancelOrder($id: ID!) {
  orderCancel(orderId: $id, reason: CUSTOMER, restock: true) {
    order {
      name
      cancelledAt
      cancelReason
    }
    userErrors {
      field
      message
      code
    }
  }
}
`,
  variables: { id: 'gid://emporia/Order/…' },
};

export const orders = {
  title: 'Orders & fulfilment',
  examples: [latest, order, byToken, markAsPaid, fulfil, cancel],
};
