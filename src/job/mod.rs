//! Jobs: work that a transaction leaves to the worker.
//!
//! What causes a job queues it in its own transaction ([`enqueue_in_tx`]): both commit or neither does. A job is done at
//! least once, and once where its code ends it in the transaction of its effect ([`Run::end_in_tx`]). Invariants: a job
//! belongs to one worker, by a claim with a lease that is renewed while it runs, and no transaction is open meanwhile;
//! what comes too late to write under a lost claim writes nothing; an attempt that fails, or takes its process with it, is
//! counted, and after the last one the job waits for people (`FAILED`) instead of being lost; of the jobs of a kind under
//! one key one is queued or runs at a time, and what is queued while it runs is not forgotten.
//!
//! What is done again and again has a [`schedule`].
//!
//! A kind of job is a type that implements [`Job`] and stands in [`kinds`]. `worker/jobs.rs` runs them; docs/adr/0040 says
//! why they are ours.

pub mod cron;
pub mod graphql;
mod kind;
mod loaders;
pub mod model;
mod rule;
mod run;
pub mod schedule;
pub mod service;
mod store;

pub use kind::{Class, Failure, Job, Kinds, Spec, kinds};
pub use run::Run;
pub use schedule::{NewSchedule, schedule_in_tx, unschedule_in_tx};
pub use service::{Enqueued, NewJob, enqueue_in_tx};
