//! The database's connections, looked at when asked.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::db::{Db, PoolState};

pub struct Pools(pub Db);

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pools")
    }
}

impl Collector for Pools {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let pools = self.0.pools();
        let mut connections = encoder.encode_descriptor(
            "database_connections",
            "Connections of a pool, idle or at work",
            None,
            MetricType::Gauge,
        )?;
        for PoolState { name, size, idle, .. } in &pools {
            for (state, count) in [("idle", *idle), ("busy", size.saturating_sub(*idle))] {
                ConstGauge::new(i64::from(count))
                    .encode(connections.encode_family(&[("pool", *name), ("state", state)])?)?;
            }
        }
        let mut gauge = |name: &str, help: &str, value: fn(&PoolState) -> i64| {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            pools
                .iter()
                .try_for_each(|pool| ConstGauge::new(value(pool)).encode(family.encode_family(&[("pool", pool.name)])?))
        };
        gauge("database_connections_max", "How many a pool may have", |pool| pool.max.into())?;
        gauge("database_waiting", "How many wait for a connection", |pool| {
            i64::try_from(pool.waiting).unwrap_or(i64::MAX)
        })?;
        let mut acquires =
            encoder.encode_descriptor("database_acquires", "Connections lent, by how", None, MetricType::Counter)?;
        for pool in &pools {
            let lent = [("direct", pool.direct), ("waited", pool.waited)];
            for (how, count) in lent.into_iter().chain([("timed_out", pool.timed_out), ("crowded", pool.crowded)]) {
                ConstCounter::new(count).encode(acquires.encode_family(&[("pool", pool.name), ("how", how)])?)?;
            }
        }
        let mut wait = encoder.encode_descriptor(
            "database_acquire_wait_seconds",
            "Time spent waiting for connections",
            None,
            MetricType::Counter,
        )?;
        pools.iter().try_for_each(|pool| {
            ConstCounter::new(pool.wait.as_secs_f64()).encode(wait.encode_family(&[("pool", pool.name)])?)
        })
    }
}
