//! Limits, amounts, and which amount passes which limit. Pure.

use serde::{Deserialize, Serialize};

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    Users,
    Orgs,
    Files,
    StorageBytes,
    ActiveJobs,
    ProcessingJobs,
}

impl Resource {
    pub const ALL: [Self; 6] =
        [Self::Users, Self::Orgs, Self::Files, Self::StorageBytes, Self::ActiveJobs, Self::ProcessingJobs];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Orgs => "orgs",
            Self::Files => "files",
            Self::StorageBytes => "storage_bytes",
            Self::ActiveJobs => "active_jobs",
            Self::ProcessingJobs => "processing_jobs",
        }
    }
}

/// How much of each resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Amounts {
    pub users: i64,
    pub orgs: i64,
    /// Distinct contents: what is uploaded a second time takes no room.
    pub files: i64,
    pub storage_bytes: i64,
    /// Unfinished jobs that somebody asked for, by name or by what they did to a file.
    pub active_jobs: i64,
    /// Jobs that run, whoever asked for them.
    pub processing_jobs: i64,
}

impl Amounts {
    pub fn of(self, resource: Resource) -> i64 {
        match resource {
            Resource::Users => self.users,
            Resource::Orgs => self.orgs,
            Resource::Files => self.files,
            Resource::StorageBytes => self.storage_bytes,
            Resource::ActiveJobs => self.active_jobs,
            Resource::ProcessingJobs => self.processing_jobs,
        }
    }

    /// One number for each, made of those of two.
    pub fn with(self, other: Self, make: impl Fn(i64, i64) -> i64) -> Self {
        Self {
            users: make(self.users, other.users),
            orgs: make(self.orgs, other.orgs),
            files: make(self.files, other.files),
            storage_bytes: make(self.storage_bytes, other.storage_bytes),
            active_jobs: make(self.active_jobs, other.active_jobs),
            processing_jobs: make(self.processing_jobs, other.processing_jobs),
        }
    }

    pub fn plus(self, other: Self) -> Self {
        self.with(other, i64::saturating_add)
    }

    pub fn minus(self, other: Self) -> Self {
        self.with(other, i64::saturating_sub)
    }
}

/// The most of each resource; none is as much as there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub max_users: Option<i64>,
    pub max_orgs: Option<i64>,
    pub max_files: Option<i64>,
    pub max_storage_bytes: Option<i64>,
    pub max_active_jobs: Option<i64>,
    pub max_processing_jobs: Option<i64>,
}

impl Limits {
    pub fn of(&self, resource: Resource) -> Option<i64> {
        match resource {
            Resource::Users => self.max_users,
            Resource::Orgs => self.max_orgs,
            Resource::Files => self.max_files,
            Resource::StorageBytes => self.max_storage_bytes,
            Resource::ActiveJobs => self.max_active_jobs,
            Resource::ProcessingJobs => self.max_processing_jobs,
        }
    }

    /// Whether one of the resources that are asked for is limited.
    pub fn concern(&self, asked: Amounts) -> bool {
        Resource::ALL.iter().any(|resource| asked.of(*resource) > 0 && self.of(*resource).is_some())
    }

    /// Whether anything is limited that lies in product databases and stays there.
    pub fn concern_contents(&self) -> bool {
        self.concern(Amounts { files: 1, storage_bytes: 1, active_jobs: 1, ..Amounts::default() })
    }

    /// Whether something is limited that is not by `before`.
    pub fn limit_more_than(&self, before: &Self) -> bool {
        Resource::ALL.iter().any(|resource| self.of(*resource).is_some() && before.of(*resource).is_none())
    }

    /// What there is too little of, in the order of the resources.
    pub fn shortages(&self, used: Amounts, asked: Amounts) -> Vec<Shortage> {
        Resource::ALL.into_iter().filter_map(|resource| self.shortage(resource, used, asked)).collect()
    }

    fn shortage(&self, resource: Resource, used: Amounts, asked: Amounts) -> Option<Shortage> {
        let (limit, used, requested) = (self.of(resource)?, used.of(resource), asked.of(resource));
        let fits = requested <= 0 || used.saturating_add(requested) <= limit;
        let remaining = limit.saturating_sub(used).max(0);
        (!fits).then_some(Shortage { resource, used, limit, requested, remaining })
    }

    /// How much of each limit is used, in percent with one decimal; none where there is no limit.
    pub fn percent(&self, resource: Resource, used: Amounts) -> Option<f64> {
        let (limit, used) = (self.of(resource)?, used.of(resource));
        if limit <= 0 {
            return Some(if used > 0 { 100.0 } else { 0.0 });
        }
        let tenths = i128::from(used) * 1000 / i128::from(limit);
        Some(f64::from(i32::try_from(tenths).unwrap_or(i32::MAX)) / 10.0)
    }
}

/// What may change of limits: none leaves one as it is, none within takes it away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitsChange {
    pub max_users: Option<Option<i64>>,
    pub max_orgs: Option<Option<i64>>,
    pub max_files: Option<Option<i64>>,
    pub max_storage_bytes: Option<Option<i64>>,
    pub max_active_jobs: Option<Option<i64>>,
    pub max_processing_jobs: Option<Option<i64>>,
}

impl LimitsChange {
    /// Each field with its name, as far as it is given.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, Option<i64>)> {
        [
            ("max_users", self.max_users),
            ("max_orgs", self.max_orgs),
            ("max_files", self.max_files),
            ("max_storage_bytes", self.max_storage_bytes),
            ("max_active_jobs", self.max_active_jobs),
            ("max_processing_jobs", self.max_processing_jobs),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    pub fn applied_to(&self, before: Limits) -> Limits {
        Limits {
            max_users: self.max_users.unwrap_or(before.max_users),
            max_orgs: self.max_orgs.unwrap_or(before.max_orgs),
            max_files: self.max_files.unwrap_or(before.max_files),
            max_storage_bytes: self.max_storage_bytes.unwrap_or(before.max_storage_bytes),
            max_active_jobs: self.max_active_jobs.unwrap_or(before.max_active_jobs),
            max_processing_jobs: self.max_processing_jobs.unwrap_or(before.max_processing_jobs),
        }
    }
}

/// What there is too little of, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortage {
    pub resource: Resource,
    /// What is set aside for work under way counts as used.
    pub used: i64,
    pub limit: i64,
    pub requested: i64,
    pub remaining: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: i64, storage_bytes: i64) -> Amounts {
        Amounts { files, storage_bytes, ..Amounts::default() }
    }

    #[test]
    fn what_passes_a_limit_is_named_with_what_remains() {
        let limits = Limits { max_files: Some(11), max_storage_bytes: Some(384), ..Limits::default() };
        for (used, asked, short) in [
            (files(10, 300), files(1, 84), vec![]),
            (files(11, 384), files(1, 23), vec![("files", 0), ("storage_bytes", 0)]),
            (files(10, 380), files(1, 5), vec![("storage_bytes", 4)]),
            // A limit below what is used refuses only what adds to it.
            (files(20, 999), files(0, 0), vec![]),
            (files(20, 1), files(1, 0), vec![("files", 0)]),
            (files(0, 0), files(1, i64::MAX), vec![("storage_bytes", 384)]),
        ] {
            let found = limits.shortages(used, asked);
            let found: Vec<_> = found.iter().map(|short| (short.resource.as_str(), short.remaining)).collect();
            assert_eq!(found, short, "{used:?} {asked:?}");
        }
        assert!(Limits::default().shortages(files(9, 9), files(i64::MAX, i64::MAX)).is_empty());
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let before = Limits { max_users: Some(5), max_files: Some(7), ..Limits::default() };
        let change = LimitsChange { max_users: Some(None), max_orgs: Some(Some(0)), ..LimitsChange::default() };
        let after = change.applied_to(before);
        assert_eq!((after.max_users, after.max_orgs, after.max_files), (None, Some(0), Some(7)));
        assert!(after.limit_more_than(&before) && !before.limit_more_than(&before));
        assert_eq!(change.given().collect::<Vec<_>>(), [("max_users", None), ("max_orgs", Some(0))]);
    }

    #[test]
    fn only_what_is_limited_and_asked_for_costs_anything() {
        let limits = Limits { max_active_jobs: Some(1), max_users: Some(1), ..Limits::default() };
        assert!(!limits.concern(files(1, 1)));
        assert!(limits.concern(Amounts { active_jobs: 1, ..files(1, 1) }));
        assert!(limits.concern_contents());
        assert!(!Limits { max_users: Some(1), ..Limits::default() }.concern_contents());
    }

    #[test]
    fn percentages_have_one_decimal() {
        let limits = Limits { max_files: Some(3), max_users: Some(0), ..Limits::default() };
        let used = Amounts { files: 2, ..Amounts::default() };
        assert_eq!(limits.percent(Resource::Files, used), Some(66.6));
        assert_eq!(limits.percent(Resource::Users, used), Some(0.0));
        assert_eq!(limits.percent(Resource::Users, Amounts { users: 1, ..used }), Some(100.0));
        assert_eq!(limits.percent(Resource::Orgs, used), None);
        let most = Amounts { files: i64::MAX, ..used };
        assert!(limits.percent(Resource::Files, most).is_some_and(|percent| percent > 100.0));
    }
}
