const shop = {
  title: 'The shop',
  query: `# What the shop says of itself, and the currency it
# sells in.

query Shop {
  shop {
    id
    name
    description
    primaryDomain {
      url
    }
    shipsToCountries
    paymentSettings {
      countryCode
      currencyCode
    }
  }
}
`,
};

const localization = {
  title: 'Countries and languages',
  query: `# For whom the answers are meant. @inContext says for
# whom they should be.

query Countries @inContext(country: DE) {
  localization {
    country {
      isoCode
      name
      currency {
        isoCode
      }
    }
    availableCountries {
      isoCode
    }
    language {
      isoCode
    }
  }
}
`,
};

const locations = {
  title: 'Locations',
  query: `# Where stock lies: all of them with a secret key.

query Locations {
  locations(first: 20) {
    nodes {
      id
      name
      isPrimary
      address {
        city
        countryCode
      }
    }
  }
}
`,
};

const versions = {
  title: 'Versions of the API',
  query: `# It has one, which only grows.

query Versions {
  publicApiVersions {
    handle
    displayName
    supported
  }
}
`,
};

export const settings = { title: 'Settings', examples: [shop, localization, locations, versions] };
