const stock = {
  title: 'Stock by product',
  query: `# What is there of each variant, and where stock lies.
# Needs a secret key.
#
# Try: query: "available_for_sale:false".

query Stock {
  products(first: 10) {
    nodes {
      title
      totalInventory
      variants(first: 10) {
        nodes {
          title
          sku
          inventoryQuantity
          inventoryPolicy
          inventoryItem {
            id
            tracked
          }
        }
      }
    }
  }
  locations(first: 5) {
    nodes {
      id
      name
      isPrimary
    }
  }
}
`,
};

const adjust = {
  title: 'Receive goods',
  query: `# Adds to and takes from stock, all changes or none. The
# ids are in "Stock by product"; a delta below zero
# takes away. Needs a secret key.

mutation AdjustStock($input: InventoryAdjustQuantitiesInput!) {
  inventoryAdjustQuantities(input: $input) {
    inventoryAdjustmentGroup {
      createdAt
      reason
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
    input: {
      name: 'available',
      reason: 'received',
      changes: [
        { inventoryItemId: 'gid://emporia/InventoryItem/…', locationId: 'gid://emporia/Location/…', delta: 10 },
      ],
    },
  },
};

export const inventory = { title: 'Inventory', examples: [stock, adjust] };
