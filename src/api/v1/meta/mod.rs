//! The model over the API: item types, properties, rights, lifecycles, numbering. Read by every member, changed by
//! administrators.

mod item_states;
mod item_types;
mod lifecycle_shapes;
mod lifecycles;
mod numbering;
mod permissions;
mod policies;
mod properties;

pub use item_states::ItemStatesApi;
pub use item_types::ItemTypesApi;
pub use lifecycles::LifecyclesApi;
pub use numbering::NumberingApi;
pub use permissions::PermissionsApi;
pub use policies::PoliciesApi;
pub use properties::PropertiesApi;
use properties::{NewPropertyRequest, PropertyResponse};
