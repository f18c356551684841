export const welcome = {
  title: 'Welcome: a list of products',
  query: `# Welcome to Emporia. Run this with the play button
# or Ctrl-Enter. Ctrl-Space completes names. On the left
# are the documentation, an explorer that writes queries
# by ticking fields, and examples for every area.
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
`,
};

const product = {
  title: 'A product page',
  query: `# All that a product page shows, in one request.
#
# Try: the handle of another product.

query ProductPage($handle: String!) {
  product(handle: $handle) {
    id
    title
    descriptionHtml
    vendor
    options {
      name
      optionValues {
        name
      }
    }
    images(first: 5) {
      nodes {
        url
        altText
      }
    }
    variants(first: 20) {
      nodes {
        id
        title
        availableForSale
        quantityAvailable
        price {
          amount
          currencyCode
        }
        compareAtPrice {
          amount
        }
      }
    }
  }
}
`,
  variables: { handle: 'tide-mug' },
};

const collection = {
  title: 'A collection, filtered and sorted',
  query: `# What a shop's list page shows: the products of a
# collection that fit the filters, page by page.
#
# Try: the endCursor of the answer as "after".

query CollectionPage(
  $handle: String!
  $filters: [ProductFilter!]
  $after: String
) {
  collection(handle: $handle) {
    title
    products(first: 6, after: $after, sortKey: PRICE, filters: $filters) {
      nodes {
        handle
        title
        priceRange {
          minVariantPrice {
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
}
`,
  variables: { handle: 'bestsellers', filters: [{ available: true }, { price: { max: 100 } }] },
};

const search = {
  title: 'Search, and search as you type',
  query: `# What has all the words, and what fits while someone is
# still typing.

query Search($words: String!, $typed: String!) {
  search(query: $words, first: 5, types: [PRODUCT]) {
    totalCount
    nodes {
      ... on Product {
        title
        handle
      }
    }
  }
  predictiveSearch(query: $typed, limit: 5) {
    products {
      title
    }
    collections {
      title
    }
  }
}
`,
  variables: { words: 'wool', typed: 'mu' },
};

const productSet = {
  title: 'Write a product with its variants',
  query: `# Makes the product with this handle, or changes it into
# what is given: run twice, it is still one product.
#
# Needs a secret key.

mutation WriteProduct(
  $identifier: ProductSetIdentifiers
  $input: ProductSetInput!
) {
  productSet(identifier: $identifier, input: $input) {
    product {
      id
      handle
      variants(first: 10) {
        nodes {
          id
          title
          price {
            amount
            currencyCode
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
    identifier: { handle: 'example-scarf' },
    input: {
      title: 'Example Scarf',
      handle: 'example-scarf',
      vendor: 'Fjord & Field',
      productType: 'Accessories',
      tags: ['wool', 'new'],
      status: 'ACTIVE',
      productOptions: [{ name: 'Colour', values: [{ name: 'Moss' }, { name: 'Slate' }] }],
      variants: [
        { optionValues: [{ optionName: 'Colour', name: 'Moss' }], price: '39.00', sku: 'SCARF-MOSS' },
        { optionValues: [{ optionName: 'Colour', name: 'Slate' }], price: '39.00', sku: 'SCARF-SLATE' },
      ],
    },
  },
};

export const catalogue = { title: 'Catalogue', examples: [welcome, product, collection, search, productSet] };
