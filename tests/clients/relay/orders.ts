// A merchant's list of orders: pages, and new ones on top of it as they are placed; one of them can be cancelled.
import { ConnectionHandler, type Environment, commitMutation, graphql, requestSubscription } from 'relay-runtime';
import type { ordersCancelMutation } from './made/ordersCancelMutation.graphql';
import type { ordersList$data } from './made/ordersList.graphql';
import type { ordersPlacedSubscription } from './made/ordersPlacedSubscription.graphql';

export const query = graphql`
  query ordersQuery {
    ...ordersList
  }
`;

export const list = graphql`
  fragment ordersList on QueryRoot
  @refetchable(queryName: "ordersListPageQuery")
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 20 }
    cursor: { type: "String" }
    before: { type: "String" }
    last: { type: "Int" }
  ) {
    orders(first: $count, after: $cursor, last: $last, before: $before, reverse: true)
    @connection(key: "ordersList_orders", filters: []) {
      __id
      edges {
        node {
          ...ordersOrder
          name
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`;

export const order = graphql`
  fragment ordersOrder on Order @refetchable(queryName: "ordersOrderRefetchQuery") {
    id
    name
    displayFinancialStatus
    processedAt
  }
`;

const placed = graphql`
  subscription ordersPlacedSubscription($after: ID, $connections: [ID!]!) {
    orderEvents(after: $after, topics: [ORDERS_CREATE]) {
      id
      order @prependNode(connections: $connections, edgeTypeName: "OrderEdge") {
        ...ordersOrder
      }
    }
  }
`;

const cancel = graphql`
  mutation ordersCancelMutation($order: ID!, $key: String!) {
    orderCancel(orderId: $order, reason: CUSTOMER, restock: true) @idempotent(key: $key) {
      order {
        ...ordersOrder
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`;

export function names(data: ordersList$data): string[] {
  return data.orders.edges.map(({ node }) => node.name);
}

/** Follows the orders; answers how to stop. */
export function follow(environment: Environment, after: string | null, heard: (event: string) => void): () => void {
  const connections = [ConnectionHandler.getConnectionID('client:root', 'ordersList_orders')];
  const { dispose } = requestSubscription<ordersPlacedSubscription>(environment, {
    subscription: placed,
    variables: { after, connections },
    onNext: (event) => event && heard(event.orderEvents.id),
  });
  return dispose;
}

export function undo(environment: Environment, order: string): void {
  const variables = { order, key: `cancel ${order}` };
  commitMutation<ordersCancelMutation>(environment, { mutation: cancel, variables });
}
