//! One product database as background work sees it: several organisations may share it, each piece of work is for one.

use std::sync::Arc;

use crate::context::{Actor, Ctx};
use crate::error::Result;
use crate::tenancy::{Placement, Tenancy, TenantDb};
use crate::types::{OrgId, TenantId};

/// The name under which background work acts.
const ACTOR: &str = "worker";

/// An open product database and whose it is.
#[derive(Clone)]
pub struct Site {
    tenancy: Arc<Tenancy>,
    placement: Placement,
    pub tenant: TenantId,
    pub db: TenantDb,
}

impl Site {
    /// Fails as opening the database does.
    pub async fn open(tenancy: &Arc<Tenancy>, placement: &Placement) -> Result<Self> {
        let tenant = TenantId::new(placement.tenant.as_str())?;
        let db = tenancy.open_place(placement).await?;
        Ok(Self { tenancy: tenancy.clone(), placement: placement.clone(), tenant, db })
    }

    /// Its organisation, or the first of those that share it.
    pub async fn first_org(&self) -> Result<Option<OrgId>> {
        self.tenancy.first_org(&self.placement).await
    }

    /// The program itself at work in one organisation.
    pub fn ctx(&self, org: &str) -> Result<Ctx> {
        let org = OrgId::new(org)?;
        let store = self.tenancy.store_at(&self.placement)?;
        let ctx = Ctx::on(Actor::System { name: ACTOR }, self.tenant.clone(), org, self.db.clone(), store);
        Ok(ctx.with_tenancy(self.tenancy.clone()))
    }
}
