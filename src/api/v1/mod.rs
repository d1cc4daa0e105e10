//! Version 1 of the API: the paths that existing clients know.

mod admin;
mod aml;
mod aml_bom;
mod aml_query;
mod auth;
mod baselines;
mod bom;
mod bom_compare;
mod equivalents;
mod files;
mod flat_bom;
mod imports;
mod integrations;
mod item;
mod item_fields;
mod jobs;
mod mbom;
mod meta;
mod obsolete;
mod plugins;
mod products;
mod rollup;
mod rollup_shapes;
mod rpc;
mod search;
mod sheet;
mod spares;
mod substitutes;
mod system;
mod table;
mod transition_history;
mod ui;
mod versions;
mod webhooks;
mod where_used;

use poem_openapi::{OpenApiService, Tags};

/// Where the API hangs.
pub const BASE_PATH: &str = "/api/v1";

#[derive(Tags)]
enum Tag {
    /// Logging in, and who one is.
    Auth,
    /// Organisations, users and memberships of the caller's tenant.
    Admin,
    /// All tenants: for superusers of the platform's tenant, where that is enabled.
    Platform,
    /// Items of every type: add, get, update, delete, promote.
    Aml,
    /// Methods by name, for clients that speak of models and methods.
    Rpc,
    /// The model: item types, properties, rights, lifecycles, numbering.
    Model,
    /// Forms and grids.
    Ui,
    /// The versions of items: what each is like, who has it checked out, what happened to it.
    Versions,
    /// Bills of materials.
    Bom,
    /// What products consisted of at a moment, kept.
    Baselines,
    /// An item on one page: what it is, what a change of it touches, whether it can be released.
    Products,
    /// Sheets that become bills of materials, and bills of materials as sheets.
    Imports,
    /// Files, and the items they hang on.
    Files,
    /// What is built in beside the product, and how each organisation has it.
    Plugins,
    /// Addresses that are told of events. For administrators.
    Webhooks,
    /// Outside services that this installation uses.
    Integrations,
    /// Background work.
    Jobs,
    /// Looking for items, files and change orders, and the index behind it.
    Search,
    /// The state of the server.
    System,
}

type Apis = (
    auth::AuthApi,
    (admin::OrgsApi, admin::MembersApi, admin::UsersApi, admin::TenantsApi, admin::QuotasApi),
    (aml::AmlApi, aml_query::AmlQueryApi, aml_bom::AmlBomApi, rpc::RpcApi),
    (
        meta::ItemTypesApi,
        meta::PropertiesApi,
        meta::PermissionsApi,
        meta::LifecyclesApi,
        meta::NumberingApi,
        meta::PoliciesApi,
        meta::ItemStatesApi,
    ),
    ui::UiApi,
    (
        versions::CheckOutsApi,
        versions::VersionsApi,
        versions::RevisionsApi,
        versions::VersionFilesApi,
        versions::RevisionSchemesApi,
        versions::BranchesApi,
        versions::VersionLinesApi,
        versions::IterationsApi,
        versions::CompareVersionsApi,
        versions::EffectivitiesApi,
    ),
    (
        bom::BomApi,
        bom_compare::BomCompareApi,
        where_used::WhereUsedApi,
        flat_bom::FlatBomApi,
        rollup::RollupApi,
        obsolete::ObsoleteApi,
        mbom::MbomApi,
        substitutes::SubstitutesApi,
        equivalents::EquivalentsApi,
        spares::SparesApi,
        transition_history::TransitionHistoryApi,
        (
            baselines::BaselinesApi,
            baselines::BaselineComparisonsApi,
            baselines::BaselineVerdictsApi,
            baselines::CompareBaselineApi,
        ),
        (products::ProductsApi, products::ImpactApi, products::ReadinessApi, products::CockpitApi),
    ),
    (imports::ImportsApi, imports::MappingsApi, imports::BomExportApi),
    (
        files::UploadApi,
        files::FilesApi,
        files::DownloadApi,
        files::AttachApi,
        files::AttachmentsApi,
        files::ItemFilesApi,
        (
            files::UploadsApi,
            files::UploadSessionApi,
            files::UploadPartsApi,
            files::UploadPartApi,
            files::CompleteUploadApi,
        ),
        files::FormatsApi,
        files::PreviewApi,
        files::ConversionApi,
    ),
    (plugins::PluginsApi, webhooks::WebhooksApi, integrations::IntegrationsApi),
    jobs::JobsApi,
    (search::SearchApi, search::SearchIndexApi, search::SearchReportsApi),
    system::SystemApi,
);

/// Every operation. Needs no database, so that the document can be printed anywhere.
pub fn service() -> OpenApiService<Apis, ()> {
    let apis = (
        auth::AuthApi,
        (admin::OrgsApi, admin::MembersApi, admin::UsersApi, admin::TenantsApi, admin::QuotasApi),
        (aml::AmlApi, aml_query::AmlQueryApi, aml_bom::AmlBomApi, rpc::RpcApi),
        (
            meta::ItemTypesApi,
            meta::PropertiesApi,
            meta::PermissionsApi,
            meta::LifecyclesApi,
            meta::NumberingApi,
            meta::PoliciesApi,
            meta::ItemStatesApi,
        ),
        ui::UiApi,
        (
            versions::CheckOutsApi,
            versions::VersionsApi,
            versions::RevisionsApi,
            versions::VersionFilesApi,
            versions::RevisionSchemesApi,
            versions::BranchesApi,
            versions::VersionLinesApi,
            versions::IterationsApi,
            versions::CompareVersionsApi,
            versions::EffectivitiesApi,
        ),
        (
            bom::BomApi,
            bom_compare::BomCompareApi,
            where_used::WhereUsedApi,
            flat_bom::FlatBomApi,
            rollup::RollupApi,
            obsolete::ObsoleteApi,
            mbom::MbomApi,
            substitutes::SubstitutesApi,
            equivalents::EquivalentsApi,
            spares::SparesApi,
            transition_history::TransitionHistoryApi,
            (
                baselines::BaselinesApi,
                baselines::BaselineComparisonsApi,
                baselines::BaselineVerdictsApi,
                baselines::CompareBaselineApi,
            ),
            (products::ProductsApi, products::ImpactApi, products::ReadinessApi, products::CockpitApi),
        ),
        (imports::ImportsApi, imports::MappingsApi, imports::BomExportApi),
        (
            files::UploadApi,
            files::FilesApi,
            files::DownloadApi,
            files::AttachApi,
            files::AttachmentsApi,
            files::ItemFilesApi,
            (
                files::UploadsApi,
                files::UploadSessionApi,
                files::UploadPartsApi,
                files::UploadPartApi,
                files::CompleteUploadApi,
            ),
            files::FormatsApi,
            files::PreviewApi,
            files::ConversionApi,
        ),
        (plugins::PluginsApi, webhooks::WebhooksApi, integrations::IntegrationsApi),
        jobs::JobsApi,
        (search::SearchApi, search::SearchIndexApi, search::SearchReportsApi),
        system::SystemApi,
    );
    OpenApiService::new(apis, "Yuantus PLM", env!("CARGO_PKG_VERSION"))
        .description(
            "Parts, bills of materials, revisions and engineering changes, each organisation in a database of its own.\n\n\
             Log in with `POST /auth/login`, press **Authorize** and paste the `access_token`.",
        )
        .server(BASE_PATH)
}
