//! The model as data: item types, properties and what governs them.

mod item_types;
mod properties;

pub use item_types::ItemTypesApi;
pub use properties::PropertiesApi;
use properties::{NewPropertyRequest, PropertyResponse};
