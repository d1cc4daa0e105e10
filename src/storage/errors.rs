//! The one mapping from opendal's errors to the product's.

use std::error::Error as StdError;
use std::io;

use crate::error::Error;

/// How long a caller should wait before it tries an unreachable storage again, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;

/// What a failed storage call means to the caller.
///
/// Missing objects are `NotFound`, a rejected setting is `Config`, refused access is `Internal`: an operator has to mend it.
/// Whatever else goes wrong there, an unreachable, slow, full or broken storage, is `Unavailable`. The opendal error stays as the
/// cause, for the log.
pub(super) fn storage_error(error: opendal::Error) -> Error {
    use opendal::ErrorKind;
    let mapped = match error.kind() {
        ErrorKind::NotFound => Error::not_found("The content does not exist in the file storage"),
        ErrorKind::ConfigInvalid => Error::config("The file storage cannot be used as configured"),
        ErrorKind::PermissionDenied => Error::internal("The file storage denies access"),
        ErrorKind::RateLimited => unavailable("The file storage is busy"),
        _ if is_full(&error) => unavailable("The file storage is full")
            .code("STORAGE_FULL", "The file storage is full. Ask the administrator to free or add space."),
        // The retry layer turns a temporary failure into a persistent one when it gives up.
        _ if error.is_temporary() || error.is_persistent() => unavailable("The file storage cannot be reached"),
        _ => unavailable("The file storage failed"),
    };
    mapped.caused_by(error)
}

/// The same for a content that is still arriving: what took longer than remains are kept is taken for one.
pub(super) fn staged_error(error: opendal::Error) -> Error {
    match error.kind() {
        opendal::ErrorKind::NotFound => {
            unavailable("The upload was cleared away before it was complete; send it again").caused_by(error)
        }
        _ => storage_error(error),
    }
}

pub(super) fn unavailable(message: &str) -> Error {
    Error::unavailable(message).retry_after(RETRY_AFTER_SECONDS)
}

fn is_full(error: &opendal::Error) -> bool {
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(error) = cause {
        let full = |io: &io::Error| matches!(io.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        if error.downcast_ref::<io::Error>().is_some_and(full) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn kind_of(error: opendal::Error) -> Kind {
        storage_error(error).kind()
    }

    #[test]
    fn each_class_of_failure_has_its_kind() {
        use opendal::{Error, ErrorKind};
        assert_eq!(kind_of(Error::new(ErrorKind::NotFound, "gone")), Kind::NotFound);
        assert_eq!(kind_of(Error::new(ErrorKind::ConfigInvalid, "no bucket")), Kind::Config);
        assert_eq!(kind_of(Error::new(ErrorKind::Unexpected, "refused").set_temporary()), Kind::Unavailable);
        assert_eq!(kind_of(Error::new(ErrorKind::Unexpected, "gave up").set_persistent()), Kind::Unavailable);
        assert_eq!(kind_of(Error::new(ErrorKind::PermissionDenied, "no")), Kind::Internal);
        assert_eq!(kind_of(Error::new(ErrorKind::Unexpected, "input/output error")), Kind::Unavailable);
    }

    #[test]
    fn an_unreachable_storage_says_when_to_come_back() {
        let error = storage_error(opendal::Error::new(opendal::ErrorKind::Unexpected, "refused").set_temporary());
        assert_eq!(error.retry_after_seconds(), Some(RETRY_AFTER_SECONDS));
        assert!(error.chain().contains("refused"), "{}", error.chain());
    }

    #[test]
    fn a_full_disk_is_named_as_such() {
        let io = io::Error::from(io::ErrorKind::StorageFull);
        let error = storage_error(opendal::Error::new(opendal::ErrorKind::Unexpected, "write").set_source(io));
        assert_eq!((error.kind(), error.code_name()), (Kind::Unavailable, Some("STORAGE_FULL")));
    }
}
