export const cartCreate = {
  title: 'Create a cart',
  query: `# A cart with one line in it.
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
`,
  variables: { lines: [{ merchandiseId: 'gid://emporia/ProductVariant/…', quantity: 1 }] },
};

const cartRead = {
  title: 'Read a cart',
  query: `# The cart with its key, as "Create a cart" answers: the
# id is a secret between the shopper and the shop.

query ReadCart($id: ID!) {
  cart(id: $id) {
    totalQuantity
    lines(first: 20) {
      nodes {
        id
        quantity
        merchandise {
          ... on ProductVariant {
            title
            product {
              title
            }
          }
        }
        cost {
          totalAmount {
            amount
            currencyCode
          }
        }
      }
    }
    cost {
      subtotalAmount {
        amount
      }
      totalAmount {
        amount
        currencyCode
      }
    }
  }
}
`,
  variables: { id: 'gid://emporia/Cart/…' },
};

const cartDelivery = {
  title: 'Say where it goes',
  query: `# With an address the cart knows the ways of delivery
# and their prices; the cheapest is chosen until
# cartSelectedDeliveryOptionsUpdate says otherwise.

mutation SetAddress(
  $cart: ID!
  $addresses: [CartSelectableAddressInput!]!
) {
  cartDeliveryAddressesReplace(cartId: $cart, addresses: $addresses) {
    cart {
      deliveryGroups(first: 1) {
        nodes {
          id
          deliveryOptions {
            handle
            title
            estimatedCost {
              amount
              currencyCode
            }
          }
          selectedDeliveryOption {
            handle
          }
        }
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
    cart: 'gid://emporia/Cart/…',
    addresses: [
      {
        selected: true,
        address: {
          deliveryAddress: {
            firstName: 'Ada',
            lastName: 'Byron',
            address1: 'Invalidenstr. 1',
            zip: '10115',
            city: 'Berlin',
            countryCode: 'DE',
          },
        },
      },
    ],
  },
};

const cartBuyer = {
  title: 'Say who buys',
  query: `# Checkout needs an email address, and a country to know
# the price of delivery.

mutation SetBuyer($cart: ID!, $buyer: CartBuyerIdentityInput!) {
  cartBuyerIdentityUpdate(cartId: $cart, buyerIdentity: $buyer) {
    cart {
      buyerIdentity {
        email
        countryCode
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
  variables: { cart: 'gid://emporia/Cart/…', buyer: { email: 'ada@example.com', countryCode: 'DE' } },
};

const checkout = {
  title: 'Complete the checkout',
  query: `# Turns the cart into an order, to be paid later. The
# key makes it safe to send again: the answer is the
# same order. Another order needs another key.

mutation CompleteCheckout($cart: ID!, $key: String!) {
  checkoutComplete(cartId: $cart, payment: { gateway: "manual" })
    @idempotent(key: $key) {
    order {
      name
      totalPrice {
        amount
        currencyCode
      }
    }
    orderToken
    userErrors {
      field
      message
      code
    }
  }
}
`,
  variables: { cart: 'gid://emporia/Cart/…', key: 'a-new-one-for-every-order' },
};

export const cart = {
  title: 'Cart & checkout',
  examples: [cartCreate, cartRead, cartBuyer, cartDelivery, checkout],
};
