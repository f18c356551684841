// A storefront's shelf: pages of products, each of which can be asked for again, and what the shopper puts into a cart.
import { type Environment, commitMutation, fetchQuery, graphql } from 'relay-runtime';
import type { shopPutMutation } from './made/shopPutMutation.graphql';
import type { shopQuery } from './made/shopQuery.graphql';
import type { shopShelf$data } from './made/shopShelf.graphql';

export const query = graphql`
  query shopQuery($query: String, $cart: ID!) {
    shop {
      name
    }
    cart(id: $cart) {
      ...shopCart
    }
    ...shopShelf @arguments(query: $query)
  }
`;

export const shelf = graphql`
  fragment shopShelf on QueryRoot
  @refetchable(queryName: "shopShelfPageQuery")
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 20 }
    cursor: { type: "String" }
    query: { type: "String" }
  ) {
    products(first: $count, after: $cursor, query: $query) @connection(key: "shopShelf_products") {
      edges {
        node {
          id
          title
          ...shopProduct
        }
      }
    }
  }
`;

/** Asked for again by its id alone: a product is a node. */
export const product = graphql`
  fragment shopProduct on Product
  @refetchable(queryName: "shopProductRefetchQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" }) {
    descriptionHtml
    variants(first: $count, after: $cursor) @connection(key: "shopProduct_variants") {
      edges {
        node {
          id
          price {
            amount
            currencyCode
          }
        }
      }
    }
  }
`;

export const cart = graphql`
  fragment shopCart on Cart {
    id
    totalQuantity
    lines(first: 100) @connection(key: "shopCart_lines") {
      edges {
        node {
          id
          quantity
        }
      }
    }
  }
`;

const put = graphql`
  mutation shopPutMutation($cart: ID!, $lines: [CartLineInput!]!) {
    cartLinesAdd(cartId: $cart, lines: $lines) {
      cart {
        ...shopCart
      }
      userErrors {
        field
        message
      }
    }
  }
`;

export function load(environment: Environment, cart: string, add: (shop: string) => void): void {
  fetchQuery<shopQuery>(environment, query, { cart, query: 'mug' }).subscribe({ next: ({ shop }) => add(shop.name) });
}

export function titles(data: shopShelf$data): string[] {
  return data.products.edges.map(({ node }) => node.title);
}

export function add(environment: Environment, cart: string, merchandiseId: string): void {
  const variables = { cart, lines: [{ merchandiseId, quantity: 1 }] };
  commitMutation<shopPutMutation>(environment, {
    mutation: put,
    variables,
    onCompleted: ({ cartLinesAdd }) => cartLinesAdd?.userErrors.forEach(({ message }) => console.error(message)),
  });
}
