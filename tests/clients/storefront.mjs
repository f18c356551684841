// An existing storefront: what @shopify/hydrogen-react and @shopify/storefront-api-client send, to the path and with
// the headers that they choose, from a page of another origin. The documents of the cart are hydrogen-react's own.
// What it needs for models in three dimensions and for building is left out: package.json's overrides.
import assert from 'node:assert/strict';
import { createStorefrontClient, flattenConnection, getProductOptions, parseGid } from '@shopify/hydrogen-react';
import * as documents from '@shopify/hydrogen-react/cart-queries';
import { createStorefrontApiClient } from '@shopify/storefront-api-client';
import { page } from './page.mjs';
import { attempt, publishable, secret, url } from './support.mjs';

/** The one that hydrogen-react is written for. */
const VERSION = '2026-04';
const { origin } = new URL(url);
const { fetchFn } = page();

/** What Hydrogen's product page asks for. */
const PRODUCT = `#graphql
  query Product($handle: String!, $country: CountryCode, $language: LanguageCode)
  @inContext(country: $country, language: $language) {
    product(handle: $handle) {
      id
      title
      vendor
      handle
      descriptionHtml
      encodedVariantExistence
      encodedVariantAvailability
      options {
        name
        optionValues {
          name
          firstSelectableVariant { ...ProductVariant }
          swatch { color image { previewImage { url } } }
        }
      }
      selectedOrFirstAvailableVariant(selectedOptions: [], ignoreUnknownOptions: true, caseInsensitiveMatch: true) {
        ...ProductVariant
      }
      adjacentVariants(selectedOptions: []) { ...ProductVariant }
      seo { description title }
    }
  }
  fragment ProductVariant on ProductVariant {
    availableForSale
    compareAtPrice { amount currencyCode }
    id
    image { __typename id url altText width height }
    price { amount currencyCode }
    product { title handle }
    selectedOptions { name value }
    sku
    title
    unitPrice { amount currencyCode }
  }
`;
const HANDLE = 'clients-shirt';
const context = { country: 'DE', language: 'EN' };

function isGid(id, resource) {
  assert.match(id, /^gid:\/\/shopify\//);
  const parsed = parseGid(id);
  assert.equal(parsed.resource, resource);
  assert.ok(parsed.id);
}

const storefront = createStorefrontClient({
  storeDomain: origin,
  storefrontApiVersion: VERSION,
  publicStorefrontToken: publishable,
});

/** The client of the API knows https alone; and by the calendar the version may be an old one. */
const apiClient = (token, fetchFn) =>
  createStorefrontApiClient({
    storeDomain: origin,
    apiVersion: VERSION,
    customFetchApi: (input, init) => fetchFn(input.replace(/^https:/, 'http:'), init),
    logger: () => {},
    ...token,
  });
const browser = apiClient({ publicAccessToken: publishable }, fetchFn);
const server = apiClient({ privateAccessToken: secret }, fetch);

/** As hydrogen-react's `useCartFetch` does it. */
async function ask(query, variables) {
  const headers = storefront.getPublicTokenHeaders({ contentType: 'json' });
  const init = { method: 'POST', headers, body: JSON.stringify({ query, variables }) };
  const { data, errors } = await (await fetchFn(storefront.getStorefrontApiUrl(), init)).json();
  assert.equal(errors, undefined);
  return data;
}

/** The product that is looked at: of its two sizes one is sold out. */
async function put() {
  const size = (name, tracked) => ({
    optionValues: [{ optionName: 'Size', name }],
    price: '19.90',
    inventoryItem: { tracked },
  });
  const input = {
    title: 'Shirt',
    handle: HANDLE,
    status: 'ACTIVE',
    productOptions: [{ name: 'Size', values: [{ name: 'S' }, { name: 'M' }] }],
    variants: [size('S', false), size('M', true)],
  };
  const { data, errors } = await server.request(
    `mutation($handle: String!, $input: ProductSetInput!) {
      productSet(identifier: { handle: $handle }, input: $input) { product { id } userErrors { field message } }
    }`,
    { variables: { handle: HANDLE, input } },
  );
  assert.equal(errors, undefined);
  assert.deepEqual(data.productSet.userErrors, []);
  return data.productSet.product.id;
}

/** The product's page, by hydrogen-react. */
async function look(id) {
  const { product } = await ask(PRODUCT, { handle: HANDLE, ...context });
  isGid(product.id, 'Product');
  assert.equal(product.id, id);
  const [{ name, optionValues }] = getProductOptions(product);
  const seen = optionValues.map(({ name, exists, available, selected }) => ({ name, exists, available, selected }));
  assert.equal(name, 'Size');
  assert.deepEqual(seen, [
    { name: 'S', exists: true, available: true, selected: true },
    { name: 'M', exists: true, available: false, selected: false },
  ]);
  return product;
}

/** Everything that hydrogen-react's `CartProvider` does. */
async function cart(variant) {
  const change = async (name, field, variables) => {
    const data = await ask(documents[name](documents.defaultCartFragment), { ...variables, ...context });
    isGid(data[field].cart.id, 'Cart');
    return data[field].cart;
  };
  const lines = [{ merchandiseId: variant.id, quantity: 1 }];
  let made = await change('CartCreate', 'cartCreate', { input: { lines } });
  assert.equal(made.totalQuantity, 1);
  const cartId = made.id;
  made = await change('CartLineAdd', 'cartLinesAdd', { cartId, lines });
  assert.equal(made.totalQuantity, 2);
  const [line] = flattenConnection(made.lines);
  isGid(line.id, 'CartLine');
  assert.equal(line.merchandise.id, variant.id);
  made = await change('CartLineUpdate', 'cartLinesUpdate', { cartId, lines: [{ id: line.id, quantity: 1 }] });
  assert.equal(made.totalQuantity, 1);
  const buyerIdentity = { countryCode: 'DE', email: 'ada@example.com' };
  made = await change('CartBuyerIdentityUpdate', 'cartBuyerIdentityUpdate', { cartId, buyerIdentity });
  assert.equal(made.buyerIdentity.email, 'ada@example.com');
  made = await change('CartNoteUpdate', 'cartNoteUpdate', { cartId, note: 'Ring twice' });
  assert.equal(made.note, 'Ring twice');
  const attributes = [{ key: 'gift', value: 'yes' }];
  made = await change('CartAttributesUpdate', 'cartAttributesUpdate', { cartId, attributes });
  assert.deepEqual(made.attributes, attributes);
  made = await change('CartDiscountCodesUpdate', 'cartDiscountCodesUpdate', { cartId, discountCodes: ['SUMMER'] });
  assert.deepEqual(made.discountCodes, [{ code: 'SUMMER', applicable: false }]);
  const read = await ask(documents.CartQuery(documents.defaultCartFragment), { id: cartId, ...context });
  assert.deepEqual(read.cart, made);
  made = await change('CartLineRemove', 'cartLinesRemove', { cartId, lines: [line.id] });
  assert.equal(made.totalQuantity, 0);
}

/** The same product, by the client of the API in a page and on the storefront's server. */
async function request({ id, title }) {
  const query = 'query($id: ID!) { product(id: $id) { id title } }';
  for (const client of [browser, server]) {
    const { data, errors } = await client.request(query, { variables: { id } });
    assert.equal(errors, undefined);
    assert.deepEqual(data.product, { id, title });
  }
  const deferred = 'query($id: ID!) { product(id: $id) { id ... @defer { title } } }';
  const parts = [];
  for await (const part of await browser.requestStream(deferred, { variables: { id } })) parts.push(part);
  assert.equal(parts.at(-1).errors, undefined);
  assert.deepEqual(parts.at(-1).data.product, { id, title });
  const refused = await browser.request('{ nothing }');
  assert.match(refused.errors.graphQLErrors[0].message, /nothing/);
}

await attempt(async () => {
  const product = await look(await put());
  await cart(product.selectedOrFirstAvailableVariant);
  await request(product);
});
