//! Who is asked for TXT records: the servers that the machine asks (`/etc/resolv.conf`), or whom a test puts there.
//!
//! A name whose own servers are dead is one of which the machine's servers say nothing in time: a circuit of theirs would be
//! one that each shop can open for all. So each name has its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use hickory_resolver::Resolver;
use hickory_resolver::config::{ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData};
use hickory_resolver::system_conf::read_system_conf;

use crate::outside::{Breaker, Failed, NotDone, Outside, Policy, Target};

/// For a name, whatever servers there are. Who is told that there was no answer asks again.
pub const POLICY: Policy = Policy {
    timeout: Duration::from_secs(6),
    attempts: 1,
    wait: Duration::ZERO,
    breaker: Breaker { failures: 3, rest: TimeDelta::seconds(5), longest_rest: TimeDelta::seconds(60) },
};
/// How long one server is waited for, and how often each is asked.
const WAIT: Duration = Duration::from_secs(2);
const TRIES: usize = 2;
/// Records of one name that are looked at.
const MAX_RECORDS: usize = 50;

/// DNS has not answered: the name may have the record or not.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub String);

/// Asks DNS.
#[async_trait]
pub trait TxtResolver: Send + Sync {
    /// What the TXT records of a name say; nothing where there is no such name or no such record. A record of several
    /// strings is one text.
    async fn txt(&self, name: &str) -> Result<Vec<String>, NoAnswer>;
}

/// DNS, as this process asks it. Cheap to clone.
#[derive(Clone)]
pub struct Dns {
    resolver: Arc<dyn TxtResolver>,
    names: Target<String>,
}

impl Dns {
    /// The machine's.
    pub fn of_system(outside: &Outside) -> Self {
        Self::by(Arc::new(SystemDns), outside.targets("dns", POLICY))
    }

    /// Whoever answers.
    pub fn by(resolver: Arc<dyn TxtResolver>, names: Target<String>) -> Self {
        Self { resolver, names }
    }

    /// What the TXT records of a name say: [`TxtResolver::txt`].
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        let ask = || async { self.resolver.txt(name).await.map_err(Failed::Away) };
        self.names.call_one(name.to_owned(), ask).await.map_err(|not_done| match not_done {
            NotDone::Refused(error) | NotDone::Away(error) => error,
            late => NoAnswer(late.to_string()),
        })
    }
}

/// Asks the machine's name servers, without remembering what they say: who has just made the record asks again.
struct SystemDns;

#[async_trait]
impl TxtResolver for SystemDns {
    async fn txt(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        // Read each time: a machine's name servers change while its processes run.
        let (config, options) = read_system_conf().map_err(|error| NoAnswer(error.to_string()))?;
        ask(config, options, name).await
    }
}

async fn ask(config: ResolverConfig, options: ResolverOpts, name: &str) -> Result<Vec<String>, NoAnswer> {
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    let options = builder.options_mut();
    (options.timeout, options.attempts, options.cache_size) = (WAIT, TRIES, 0);
    options.use_hosts_file = ResolveHosts::Never;
    let failed = |error: &dyn std::fmt::Display| NoAnswer(error.to_string());
    let resolver = builder.build().map_err(|error| failed(&error))?;
    // A whole name: nothing of the machine's own domain is put behind it.
    let name = Name::from_ascii(format!("{name}.")).map_err(|error| failed(&error))?;
    match resolver.txt_lookup(name).await {
        Ok(found) => {
            let texts = found.answers().iter().filter_map(|record| match &record.data {
                RData::TXT(txt) => Some(txt.txt_data.concat()),
                _ => None,
            });
            Ok(texts.take(MAX_RECORDS).map(|text| String::from_utf8_lossy(&text).into_owned()).collect())
        }
        Err(error) if error.is_no_records_found() => Ok(Vec::new()),
        Err(error) => Err(failed(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use hickory_resolver::config::{ConnectionConfig, NameServerConfig};
    use hickory_resolver::proto::op::{Message, ResponseCode};
    use hickory_resolver::proto::rr::Record;
    use hickory_resolver::proto::rr::rdata::TXT;
    use tokio::net::UdpSocket;

    use super::*;

    /// A name server that answers every question about this name with these records, about others with the code.
    async fn server(name: &'static str, records: Vec<Vec<String>>, otherwise: ResponseCode) -> ResolverConfig {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = socket.local_addr().expect("an address").port();
        tokio::spawn(async move {
            let mut buffer = [0; 1500];
            while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
                let asked = Message::from_vec(&buffer[..length]).expect("a question");
                let query = asked.queries[0].clone();
                let mut answer = Message::response(asked.metadata.id, asked.metadata.op_code);
                if query.name().to_ascii() == name {
                    for strings in &records {
                        let rdata = RData::TXT(TXT::new(strings.clone()));
                        answer.add_answer(Record::from_rdata(query.name().clone(), 60, rdata));
                    }
                } else {
                    answer.metadata.response_code = otherwise;
                }
                answer.add_query(query);
                socket.send_to(&answer.to_vec().expect("bytes"), client).await.expect("sent");
            }
        });
        let mut connection = ConnectionConfig::udp();
        connection.port = port;
        let server = NameServerConfig::new(Ipv4Addr::LOCALHOST.into(), true, vec![connection]);
        ResolverConfig::from_name_servers(vec![server])
    }

    async fn asked(config: &ResolverConfig, name: &str) -> Result<Vec<String>, NoAnswer> {
        ask(config.clone(), ResolverOpts::default(), name).await
    }

    #[tokio::test]
    async fn all_records_are_read_and_the_strings_of_one_are_one_text() {
        let records = vec![vec!["v=spf1 -all".to_owned()], vec!["a".repeat(255), "b".to_owned()]];
        let dns = server("_x.shop.example.", records, ResponseCode::NXDomain).await;
        let mut found = asked(&dns, "_x.shop.example").await.expect("an answer");
        found.sort();
        assert_eq!(found, [format!("{}b", "a".repeat(255)), "v=spf1 -all".to_owned()]);
    }

    #[tokio::test]
    async fn a_name_without_records_is_no_failure_and_a_server_that_fails_is() {
        let dns = server("shop.example.", Vec::new(), ResponseCode::NXDomain).await;
        assert_eq!(asked(&dns, "other.example").await.expect("an answer"), Vec::<String>::new());
        assert_eq!(asked(&dns, "shop.example").await.expect("an answer"), Vec::<String>::new());
        let dns = server("shop.example.", Vec::new(), ResponseCode::ServFail).await;
        assert!(asked(&dns, "other.example").await.is_err());
    }
}
