//! From the name of a host to a tenant.
//!
//! Whoever likes can ask for any name: that one is nobody's is remembered as well, for half a second and apart from what
//! is somebody's, so that names made up at random push none of those out.

use super::local::DEAF;
use super::{Refusal, Resolved, Resolver};
use crate::access::Grants;
use crate::domain::service::tenant_of_host;
use crate::error::Fault;
use crate::ids::TenantId;
use crate::tenant::model::Access;

/// The kind of entry in the shared cache.
pub(super) const DOMAIN: &str = "domain";
/// Names that are remembered to be nobody's.
pub(super) const NOBODYS: usize = 2_000;

/// What a request's host can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostName {
    /// A subdomain of the service's own: the handle of a tenant.
    Handle(String),
    /// Another name, in lower case: a tenant's own, or nobody's.
    Domain(String),
}

impl Resolver {
    /// The tenant of a host, for public reads.
    pub async fn by_host(&self, host: &HostName) -> Result<Resolved, Refusal> {
        let tenant = self.at_host(host).await?.ok_or(Refusal::Missing)?;
        self.admit(tenant, Access::Public, Grants::Nothing).await
    }

    /// The tenant of a host, if there is one.
    pub async fn at_host(&self, host: &HostName) -> Result<Option<TenantId>, Fault> {
        match host {
            HostName::Handle(handle) => self.named(handle).await,
            HostName::Domain(host) => self.with_domain(host).await,
        }
    }

    /// The tenant that has proved that this name is its own.
    pub async fn with_domain(&self, host: &str) -> Result<Option<TenantId>, Fault> {
        let host = &host.to_owned();
        let load = async || {
            let mut found = None;
            let ask = async || {
                found = self.through_cache(DOMAIN, host, async || tenant_of_host(&self.db, host).await).await?;
                Ok(found.is_none().then_some(((), DEAF)))
            };
            self.local.remember(&self.local.nobodys, host, |()| TenantId::NOBODY, ask).await?;
            Ok(found)
        };
        self.local.remember(&self.local.domains, host, |tenant| *tenant, load).await
    }
}
