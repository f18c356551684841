const profiles = {
  title: 'Zones and prices',
  query: `# Where the shop delivers, in which ways and for how
# much. Needs a secret key.

query DeliveryProfiles {
  deliveryProfiles(first: 5) {
    nodes {
      id
      name
      zones {
        id
        name
        countries {
          code {
            countryCode
            restOfWorld
          }
        }
        methodDefinitions {
          id
          name
          rateProvider {
            ... on DeliveryRateDefinition {
              price {
                amount
                currencyCode
              }
            }
          }
        }
      }
    }
  }
}
`,
};

const create = {
  title: 'Deliver somewhere new',
  query: `# A profile with a zone of two countries. The currency
# is the shop's. Needs a secret key.

mutation MakeDeliveryProfile($profile: DeliveryProfileInput!) {
  deliveryProfileCreate(profile: $profile) {
    profile {
      id
      name
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
    profile: {
      name: 'The islands',
      zones: [
        {
          name: 'Iceland and the Faroes',
          countries: [{ code: 'IS' }, { code: 'FO' }],
          methodDefinitions: [
            { name: 'By ship', rateDefinition: { price: { amount: '19.00', currencyCode: 'EUR' } } },
          ],
        },
      ],
    },
  },
};

export const shipping = { title: 'Shipping', examples: [profiles, create] };
