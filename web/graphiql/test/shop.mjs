// The shop behind the playground, by GraphQL: something to buy, and someone who buys it.

/** @param home address of the playground, whose page holds the key */
export async function shopBehind(home) {
  const page = await (await fetch(home)).text();
  const [, settings] = /<script[^>]*id="emporia-config"[^>]*>(.*?)<\/script>/s.exec(page);
  const { endpoint, headers } = JSON.parse(settings);
  if (!headers) throw new Error('the page has no key: the server must run for development');

  async function ask(query, variables = {}) {
    const response = await fetch(new URL(endpoint, home), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await response.json();
    const refused = Object.values(data ?? {}).flatMap((payload) => payload?.userErrors ?? []);
    const [problem] = [...(errors ?? []), ...refused];
    if (problem) throw new Error(problem.message);
    return data;
  }

  return {
    keys: Object.values(headers),

    /** Fills the shelf that the examples look at, if it is not there. */
    async stock() {
      const { collection, locations } = await ask(STOCK);
      if (collection) return;
      const inventoryQuantities = [{ locationId: locations.nodes[0].id, quantity: 100 }];
      const inventoryItem = { tracked: true, requiresShipping: false };
      const products = [];
      for (const [title, price] of SHELF) {
        const input = { title, variants: [{ price, inventoryItem, inventoryQuantities }] };
        products.push((await ask(PRODUCT, { input })).productSet.product.id);
      }
      await ask(COLLECTION, { input: { title: 'Bestsellers', handle: 'bestsellers', products } });
    },

    /** Buys one; answers the order's name. */
    async order(merchandiseId) {
      const { cartCreate } = await ask(CART, { input: { ...BUYER, lines: [{ merchandiseId, quantity: 1 }] } });
      const { checkoutComplete } = await ask(ORDER, { cart: cartCreate.cart.id, key: crypto.randomUUID() });
      return checkoutComplete.order.name;
    },
  };
}

const SHELF = Object.entries({ 'Cabin Roast': '9.90', 'Enamel Camp Mug': '14.50', 'Tide Mug': '24.00' });

const STOCK = `{
  collection(handle: "bestsellers") { id }
  locations(first: 1) { nodes { id } }
}`;

const PRODUCT = `mutation($input: ProductSetInput!) {
  productSet(input: $input) { product { id } userErrors { message } }
}`;

const COLLECTION = `mutation($input: CollectionInput!) {
  collectionCreate(input: $input) { userErrors { message } }
}`;

const CART = `mutation($input: CartInput!) {
  cartCreate(input: $input) { cart { id } userErrors { message } }
}`;

const ORDER = `mutation($cart: ID!, $key: String!) {
  checkoutComplete(cartId: $cart, payment: { gateway: "manual" }) @idempotent(key: $key) {
    order { name }
    userErrors { message }
  }
}`;

const BUYER = {
  buyerIdentity: { email: 'ada@example.com', countryCode: 'DE' },
  delivery: {
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
