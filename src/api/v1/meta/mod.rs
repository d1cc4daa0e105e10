//! The model over the API: rights, lifecycles, numbering. Read by every member, changed by administrators.

mod item_states;
mod lifecycle_shapes;
mod lifecycles;
mod numbering;
mod permissions;

pub use item_states::ItemStatesApi;
pub use lifecycles::LifecyclesApi;
pub use numbering::NumberingApi;
pub use permissions::PermissionsApi;
