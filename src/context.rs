//! Who acts, for whom, and on what: the first argument of every domain function.
//!
//! There are three, each opening less or more: [`Ctx`] is bound to one organisation's database and objects, [`TenantCtx`]
//! to one tenant's rows of the control database, [`PlatformCtx`] to the registry of all tenants. None can be widened, but for
//! counting what all organisations of a tenant use together ([`Ctx::accounts`]).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, Utc};

use crate::db::{Db, Tx};
use crate::error::Result;
use crate::plugins::Host;
use crate::storage::TenantStore;
use crate::tenancy::{Tenancy, TenantDb};
use crate::types::{OrgId, TenantId, UserId};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Someone who logged in, with the roles of the organisation acted in.
    User { tenant: TenantId, id: UserId, name: String, roles: Vec<String>, superuser: bool },
    /// The program itself, or a person with a shell on its machine.
    System { name: &'static str },
    /// Nobody in particular: authentication is off (`trusted`) or optional and not used.
    Anonymous { trusted: bool },
}

impl Actor {
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::User { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// The tenant whose user acts; a platform administrator acts on tenants other than its own.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::User { tenant, .. } => Some(tenant),
            _ => None,
        }
    }

    pub fn roles(&self) -> &[String] {
        match self {
            Self::User { roles, .. } => roles,
            _ => &[],
        }
    }

    /// Passes every permission check within its tenant.
    pub fn is_administrator(&self) -> bool {
        match self {
            Self::User { roles, superuser, .. } => *superuser || roles.iter().any(|role| role == ADMIN_ROLE),
            Self::System { .. } => true,
            Self::Anonymous { trusted } => *trusted,
        }
    }

    pub fn is_superuser(&self) -> bool {
        match self {
            Self::User { superuser, .. } => *superuser,
            Self::System { .. } => true,
            Self::Anonymous { trusted } => *trusted,
        }
    }

    /// How audit rows call it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::System { name } => name,
            Self::Anonymous { .. } => "anonymous",
        }
    }
}

/// The role that passes every check in its organisation.
pub const ADMIN_ROLE: &str = "admin";

/// The time, in microseconds: what both databases keep.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// What a caller is told beside the answer, shared by all contexts of one request.
#[derive(Debug, Clone, Default)]
pub struct Notices(Arc<Mutex<BTreeSet<String>>>);

impl Notices {
    /// A limit that only warns was passed.
    pub fn quota(&self, warning: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(warning);
    }

    pub fn quota_warnings(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// One organisation: its product database and its objects.
#[derive(Clone)]
pub struct Ctx {
    pub actor: Actor,
    pub tenant: TenantId,
    pub org: OrgId,
    pub request_id: Option<String>,
    pub db: TenantDb,
    pub store: TenantStore,
    pub notices: Notices,
    plugins: Arc<Host>,
    clock: fn() -> DateTime<Utc>,
    tenancy: Option<Arc<Tenancy>>,
}

impl Ctx {
    /// Opens the organisation's database; see [`Tenancy::open`] for what can fail.
    pub async fn open(
        tenancy: &Arc<Tenancy>,
        actor: Actor,
        tenant: TenantId,
        org: OrgId,
        request_id: Option<String>,
    ) -> Result<Self> {
        // Boxed: the way through provisioning is rare and large.
        let db = Box::pin(tenancy.open(&tenant, &org)).await?;
        let store = tenancy.store(&tenant, &org).await?;
        let ctx = Self::on(actor, tenant, org, db, store).with_tenancy(tenancy.clone());
        Ok(Self { request_id, ..ctx })
    }

    /// For seeding and for work over a database that is in hand already; without plugins, and nothing is limited.
    pub fn on(actor: Actor, tenant: TenantId, org: OrgId, db: TenantDb, store: TenantStore) -> Self {
        Self {
            actor,
            tenant,
            org,
            request_id: None,
            db,
            store,
            notices: Notices::default(),
            plugins: Arc::default(),
            clock: now,
            tenancy: None,
        }
    }

    /// As part of an installation: with its plugins, and within the limits of the tenant.
    #[must_use]
    pub fn with_tenancy(self, tenancy: Arc<Tenancy>) -> Self {
        Self { plugins: tenancy.plugins().clone(), tenancy: Some(tenancy), ..self }
    }

    /// What the caller is told beside the answer is gathered there.
    #[must_use]
    pub fn with_notices(self, notices: Notices) -> Self {
        Self { notices, ..self }
    }

    /// The tenant's rows of the control database, to count against its limits (`domain::quota`) and for nothing else. None
    /// over a database that is in hand already.
    pub fn accounts(&self) -> Option<TenantCtx> {
        let tenancy = self.tenancy.clone()?;
        let of_tenant = TenantCtx::new(tenancy, self.actor.clone(), self.tenant.clone(), Some(self.org.clone()));
        Some(of_tenant.with_request_id(self.request_id.clone()).with_notices(self.notices.clone()))
    }

    /// The plugins of the program; which of them are active, the organisation's settings say.
    pub fn plugins(&self) -> &Arc<Host> {
        &self.plugins
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Starts a write transaction on the organisation's database.
    pub async fn begin(&self) -> Result<Tx> {
        self.db.begin().await
    }

    /// The same with locks held until it ends; see [`Db::begin_holding`].
    pub async fn begin_holding(&self, locks: &BTreeSet<String>) -> Result<Tx> {
        self.db.begin_holding(locks).await
    }
}

/// One tenant in the control database: its organisations, users and memberships.
#[derive(Clone)]
pub struct TenantCtx {
    pub actor: Actor,
    pub tenant: TenantId,
    /// The organisation acted in, where one is chosen.
    pub org: Option<OrgId>,
    pub request_id: Option<String>,
    pub notices: Notices,
    tenancy: Arc<Tenancy>,
}

impl TenantCtx {
    pub fn new(tenancy: Arc<Tenancy>, actor: Actor, tenant: TenantId, org: Option<OrgId>) -> Self {
        Self { actor, tenant, org, request_id: None, notices: Notices::default(), tenancy }
    }

    #[must_use]
    pub fn with_request_id(mut self, request_id: Option<String>) -> Self {
        self.request_id = request_id;
        self
    }

    /// What the caller is told beside the answer is gathered there.
    #[must_use]
    pub fn with_notices(self, notices: Notices) -> Self {
        Self { notices, ..self }
    }

    pub fn now(&self) -> DateTime<Utc> {
        now()
    }

    /// The control database. Every query names the tenant.
    pub fn control(&self) -> &Db {
        self.tenancy.control()
    }

    pub fn tenancy(&self) -> &Arc<Tenancy> {
        &self.tenancy
    }
}

/// All tenants: what the platform's administrators and the command line may do.
#[derive(Clone)]
pub struct PlatformCtx {
    pub actor: Actor,
    pub request_id: Option<String>,
    pub notices: Notices,
    tenancy: Arc<Tenancy>,
}

impl PlatformCtx {
    /// For the command line, which has the machine.
    pub fn local(tenancy: Arc<Tenancy>, name: &'static str) -> Self {
        Self { actor: Actor::System { name }, request_id: None, notices: Notices::default(), tenancy }
    }

    /// For a caller whose right to act on all tenants has been checked (`domain::identity::platform`).
    pub fn granted(of: &TenantCtx) -> Self {
        Self {
            actor: of.actor.clone(),
            request_id: of.request_id.clone(),
            notices: of.notices.clone(),
            tenancy: of.tenancy.clone(),
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        now()
    }

    pub fn control(&self) -> &Db {
        self.tenancy.control()
    }

    pub fn tenancy(&self) -> &Arc<Tenancy> {
        &self.tenancy
    }

    /// The same right, narrowed to one tenant.
    pub fn within(&self, tenant: TenantId) -> TenantCtx {
        TenantCtx::new(self.tenancy.clone(), self.actor.clone(), tenant, None)
            .with_request_id(self.request_id.clone())
            .with_notices(self.notices.clone())
    }
}
