//! Emporia: a multi-tenant headless commerce backend.
//!
//! Data flows one way: `http` proves the tenant and the caller, `graphql` resolvers ask a slice's `service`, a
//! service runs one transaction through its `store` on a [`db::TenantConn`], events commit with the rows they
//! describe, and `worker` publishes them. Nothing below calls up; nothing goes around. See ARCHITECTURE.md.

// A request's future holds one future for each merged root before its resolver's own: clippy looks at all of them at once.
#![recursion_limit = "256"]

pub mod access;
pub mod address;
pub mod api_key;
pub mod app;
pub mod attempts;
pub mod attribute;
pub mod billing;
pub mod cache;
pub mod cart;
pub mod catalog;
pub mod checkout;
pub mod cli;
pub mod clock;
pub mod config;
pub mod content;
pub mod country;
pub mod customer;
pub mod db;
pub mod dev;
pub mod domain;
pub mod error;
pub mod events;
pub mod graphql;
pub mod http;
pub mod identity;
pub mod ids;
pub mod import;
pub mod inventory;
pub mod job;
pub mod language;
pub mod ledger;
pub mod mail;
pub mod metrics;
pub mod money;
pub mod operator;
pub mod order;
pub mod outside;
pub mod page;
pub mod password;
pub mod payment;
pub mod places;
pub mod plan;
pub mod provision;
pub mod role;
pub mod search;
pub mod shipping;
pub mod shop;
pub mod support_access;
pub mod tag;
pub mod telemetry;
pub mod tenant;
pub mod text;
pub mod throttle;
pub mod trusted_document;
pub mod webhook;
pub mod worker;
