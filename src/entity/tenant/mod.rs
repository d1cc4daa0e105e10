//! Tables of a product database. One file per table; no queries.

pub mod audit_event;
pub mod effectivity;
pub mod file;
pub mod file_attachment;
pub mod file_upload;
pub mod item;
pub mod item_transition;
pub mod item_type;
pub mod job;
pub mod lifecycle_map;
pub mod lifecycle_state;
pub mod lifecycle_transition;
pub mod number_counter;
pub mod number_sequence;
pub mod outbox_event;
pub mod permission;
pub mod permission_entry;
pub mod plugin_setting;
pub mod property;
pub mod search_document;
pub mod search_rebuild;
pub mod stored_object;
pub mod upload_session;
pub mod view;
pub mod webhook;
pub mod webhook_delivery;
