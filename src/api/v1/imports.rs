//! Imports. Filled in with the import of BOM sheets.

pub struct ImportsApi;

#[poem_openapi::OpenApi]
impl ImportsApi {}
