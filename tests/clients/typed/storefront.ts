// A storefront's product page and cart.
import { type FragmentType, graphql, useFragment } from './made';

const Price = graphql(`
  fragment Price on MoneyV2 {
    amount
    currencyCode
  }
`);

const Variant = graphql(`
  fragment Variant on ProductVariant {
    id
    title
    availableForSale
    quantityAvailable
    price {
      ...Price
    }
    compareAtPrice {
      ...Price
    }
    selectedOptions {
      name
      value
    }
    image {
      url
      altText
    }
  }
`);

export const ProductPage = graphql(`
  query ProductPage($handle: String!, $country: CountryCode, $language: LanguageCode)
  @inContext(country: $country, language: $language) {
    product(handle: $handle) {
      id
      title
      descriptionHtml
      publishedAt
      featuredImage {
        url
      }
      options {
        name
        optionValues {
          name
          swatch {
            color
          }
        }
      }
      media(first: 10) {
        nodes {
          __typename
          ... on MediaImage {
            image {
              url
            }
          }
          ... on Video {
            sources {
              url
              mimeType
            }
          }
        }
      }
      variants(first: 100) {
        nodes {
          ...Variant
        }
      }
    }
  }
`);

const CartParts = graphql(`
  fragment CartParts on Cart {
    id
    checkoutUrl
    totalQuantity
    cost {
      totalAmount {
        ...Price
      }
    }
    lines(first: 100) {
      nodes {
        __typename
        id
        quantity
        merchandise {
          ... on ProductVariant {
            ...Variant
          }
        }
      }
    }
  }
`);

export const CartCreate = graphql(`
  mutation CartCreate($input: CartInput) {
    cartCreate(input: $input) {
      cart {
        ...CartParts
      }
      userErrors {
        code
        field
        message
      }
      warnings {
        code
        target
        message
      }
    }
  }
`);

export const CartLinesAdd = graphql(`
  mutation CartLinesAdd($cartId: ID!, $lines: [CartLineInput!]!) {
    cartLinesAdd(cartId: $cartId, lines: $lines) {
      cart {
        ...CartParts
      }
      userErrors {
        code
        field
        message
      }
    }
  }
`);

function price(money: FragmentType<typeof Price>): string {
  const { amount, currencyCode } = useFragment(Price, money);
  return new Intl.NumberFormat('de', { style: 'currency', currency: currencyCode }).format(Number(amount));
}

function variant(of: FragmentType<typeof Variant>): string {
  const { title, price: now, compareAtPrice: before, quantityAvailable } = useFragment(Variant, of);
  const left: number = quantityAvailable ?? 0;
  return `${title} ${price(now)} ${before ? price(before) : ''} ${left}`;
}

export function productPage(data: import('./made/graphql').ProductPageQuery): string {
  // @ts-expect-error a product may not be there
  data.product.title;
  if (!data.product) return 'nothing';
  const { title, descriptionHtml, publishedAt, options, media, variants } = data.product;
  const html: string = descriptionHtml;
  const films = media.nodes.flatMap((medium) => (medium.__typename === 'Video' ? medium.sources : []));
  const colours: (string | null | undefined)[] = options.flatMap(({ optionValues }) =>
    optionValues.map(({ swatch }) => swatch?.color),
  );
  return [title, html, new Date(publishedAt), films.length, ...colours, ...variants.nodes.map(variant)].join();
}

export function cart(of: FragmentType<typeof CartParts>): string {
  const { checkoutUrl, cost, lines } = useFragment(CartParts, of);
  const bought = lines.nodes.map(({ quantity, merchandise }) => `${quantity} ${variant(merchandise)}`);
  return [new URL(checkoutUrl), price(cost.totalAmount), ...bought].join();
}
