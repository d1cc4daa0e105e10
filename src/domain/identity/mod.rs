//! Who may enter: tenants, organisations, users, memberships, login and tokens. Lives in the control database.
//!
//! Not here: what a member may do with items (`permission`), where data lives (`tenancy`).

mod deletion;
mod login;
mod members;
mod model;
mod orgs;
mod password;
mod placing;
mod repo;
mod seed;
mod session;
mod tenants;
mod token;
mod users;

pub use deletion::{Losses, delete_org, delete_tenant, losses};
pub use login::{Login, Token, forget_login_failures, login, switch_org};
pub use members::{add_member, list_members, update_member};
pub use model::{
    LoginRules, Member, NewMember, NewUser, Org, OrgChange, OrgOverview, Tenant, TenantOverview, User, UserChange,
};
pub use orgs::{create_org, get_org, list_orgs, my_orgs, update_org};
pub use placing::{move_files, place_org};
pub use seed::{IdentitySeed, Seeded, ensure_org, seed_identity};
pub use session::{Identity, Profile, Session, me};
pub use tenants::{
    NewTenant, Registered, TenantChange, complete_tenant, create_tenant, get_own_tenant, get_tenant, list_tenants,
    orgs_of, platform, register_tenant, resume_tenant, suspend_tenant, tenant_overviews, update_tenant,
};
pub use token::{Claims, Tokens};
pub use users::{create_user, find_user, list_users, reset_password, update_user};
