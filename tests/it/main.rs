//! The integration tests: one binary, against a real PostgreSQL (as the app role) and a real Redis, which
//! scripts/test starts. Each test has a database of its own.

#![allow(clippy::disallowed_methods, reason = "tests look past the boundary on purpose, and name databases at random")]
#![allow(clippy::disallowed_macros, reason = "a test's output is its runner's")]

mod architecture;
mod cart;
mod catalog;
mod catalog_folding;
mod catalog_write;
mod checkout;
mod checkout_page;
mod cli;
mod clients;
mod content;
mod cors;
mod delivery;
mod dev;
mod drill;
mod events;
mod execution;
mod followers;
mod graphiql;
mod graphql_http;
mod guard;
mod handles;
mod http;
mod idempotency;
mod import;
mod import_cli;
mod indexes;
mod inventory;
mod isolation;
mod limits;
mod logs;
mod metrics;
mod migrations;
mod node;
mod order;
mod order_changes;
mod order_events;
mod paths;
mod payment;
mod predicates;
mod process;
mod replica;
mod retention;
mod revocation;
mod rls_coverage;
mod schema;
mod session;
mod shipping;
mod slices;
mod sse;
mod storefront;
mod support;
mod tenancy;
mod tls;
mod traces;
mod trusted_documents;
mod turns;
mod user_errors;
mod webhook;
mod webhook_examples;
mod webhook_health;
mod webhook_test_events;
mod ws;
