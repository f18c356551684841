const menu = {
  title: 'The main menu',
  query: `# A menu is at most three levels deep.

query Menu($handle: String!) {
  menu(handle: $handle) {
    title
    items {
      title
      url
      items {
        title
        url
      }
    }
  }
}
`,
  variables: { handle: 'main-menu' },
};

const pages = {
  title: 'Pages',
  query: `# Pages with their text. A page that is not published is
# for secret keys only.

query Pages {
  pages(first: 10, sortKey: TITLE) {
    nodes {
      handle
      title
      bodySummary
      isPublished
      seo {
        title
        description
      }
    }
  }
}
`,
};

const pageCreate = {
  title: 'Write a page',
  query: `# Needs a secret key. The handle is made from the title
# unless the variables name one.

mutation WritePage($page: PageCreateInput!) {
  pageCreate(page: $page) {
    page {
      id
      handle
      isPublished
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
    page: { title: 'Care for wool', body: '<p>Air it, and wash it rarely.</p>', isPublished: false },
  },
};

const menuCreate = {
  title: 'Make a menu',
  query: `# Needs a secret key. Items lead to an address of the
# storefront (HTTP), or with a resourceId to a
# collection, product or page.

mutation MakeMenu(
  $handle: String!
  $title: String!
  $items: [MenuItemCreateInput!]!
) {
  menuCreate(handle: $handle, title: $title, items: $items) {
    menu {
      id
      itemsCount
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
    handle: 'example-menu',
    title: 'Example menu',
    items: [
      { title: 'Shop', type: 'HTTP', url: '/collections' },
      { title: 'Help', type: 'HTTP', url: '/help', items: [{ title: 'Returns', type: 'HTTP', url: '/help/returns' }] },
    ],
  },
};

export const content = { title: 'Content', examples: [menu, pages, pageCreate, menuCreate] };
