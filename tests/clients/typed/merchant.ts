// What a merchant's system does: reads orders, hears of new ones, sends them, puts products in.
import type { ResultOf, VariablesOf } from '@graphql-typed-document-node/core';
import { graphql } from './made';
import { OrderDisplayFinancialStatus } from './made/graphql';

export const Orders = graphql(`
  query Orders($after: String, $query: String) {
    orders(first: 50, after: $after, query: $query, sortKey: PROCESSED_AT, reverse: true) {
      edges {
        cursor
        node {
          id
          name
          processedAt
          cancelledAt
          displayFinancialStatus
          totalPriceSet {
            shopMoney {
              amount
              currencyCode
            }
          }
          lineItems(first: 20) {
            nodes {
              title
              quantity
            }
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const OrderEvents = graphql(`
  subscription OrderEvents($after: ID) {
    orderEvents(after: $after, topics: [ORDERS_CREATE, ORDERS_PAID]) {
      id
      topic
      occurredAt
      order {
        name
      }
    }
  }
`);

export const Send = graphql(`
  mutation Send($fulfillment: FulfillmentInput!, $key: String!) {
    fulfillmentCreate(fulfillment: $fulfillment) @idempotent(key: $key) {
      fulfillment {
        id
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

export const Put = graphql(`
  mutation Put($input: ProductSetInput!) {
    productSet(input: $input) {
      product {
        id
        handle
        status
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

export function unpaid({ orders }: ResultOf<typeof Orders>): string[] {
  return orders.edges
    .map(({ node }) => node)
    .filter(({ displayFinancialStatus }) => displayFinancialStatus !== OrderDisplayFinancialStatus.Paid)
    .map(({ name, processedAt, totalPriceSet: { shopMoney } }) => {
      const amount: string = shopMoney.amount;
      return `${name} ${new Date(processedAt).getFullYear()} ${amount}`;
    });
}

export function next({ orders }: ResultOf<typeof Orders>): VariablesOf<typeof Orders> | undefined {
  return orders.pageInfo.hasNextPage ? { after: orders.pageInfo.endCursor } : undefined;
}
