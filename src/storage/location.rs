//! Storages named in words, for copying from one to another: `configured`, `local:/path`, `s3:bucket?endpoint=…`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;
use url::form_urlencoded;

use super::{Encryption, ObjectPlace, S3Target, StorageTarget};
use crate::error::{Error, Result};

const FORMS: &str =
    "A storage is: configured, local:/path, or s3:bucket?endpoint=https://host&region=NAME&prefix=eu/west&style=path";
/// Amazon's own, where another server is configured.
const AMAZON: &str = "amazon";

/// Which storage, without any secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// That of the configuration, each organisation at its own place there.
    Configured,
    Local {
        path: PathBuf,
    },
    S3 {
        place: ObjectPlace,
        /// Names no prefix because there is none; otherwise, because each organisation's own counts.
        at_root: bool,
        endpoint: Option<String>,
        region: Option<String>,
        virtual_host_style: Option<bool>,
    },
}

impl Location {
    /// How the configured storage is called when another is configured.
    pub fn of(target: &StorageTarget) -> Self {
        match target {
            StorageTarget::Local { path } => Self::Local { path: path.canonicalize().unwrap_or_else(|_| path.clone()) },
            StorageTarget::S3(s3) => Self::S3 {
                place: ObjectPlace::new(Some(&s3.bucket), None).unwrap_or_default(),
                at_root: false,
                endpoint: Some(s3.endpoint_url.clone().unwrap_or_else(|| AMAZON.to_owned())),
                region: Some(s3.region.clone()),
                virtual_host_style: Some(s3.virtual_host_style),
            },
            StorageTarget::Memory => Self::Configured,
        }
    }

    /// The storage to connect to. What an S3 location does not say is as configured.
    pub fn target(&self, configured: &StorageTarget, keys: Option<(String, String)>) -> StorageTarget {
        let (endpoint, region, style) = match self {
            Self::Configured => return configured.clone(),
            Self::Local { path } => return StorageTarget::Local { path: path.clone() },
            Self::S3 { endpoint, region, virtual_host_style, .. } => (endpoint, region, virtual_host_style),
        };
        let base = match configured {
            StorageTarget::S3(s3) => s3.clone(),
            _ => S3Target {
                endpoint_url: None,
                public_endpoint_url: None,
                bucket: String::new(),
                region: "us-east-1".to_owned(),
                access_key_id: None,
                secret_access_key: None,
                virtual_host_style: false,
                encryption: Encryption::None,
            },
        };
        let (id, secret) = match keys {
            Some((id, secret)) => (Some(id), Some(secret)),
            None => (base.access_key_id.clone(), base.secret_access_key.clone()),
        };
        StorageTarget::S3(S3Target {
            endpoint_url: match endpoint.as_deref() {
                Some(AMAZON) => None,
                Some(endpoint) => Some(endpoint.to_owned()),
                None => base.endpoint_url.clone(),
            },
            public_endpoint_url: None,
            bucket: self.bucket().unwrap_or_default().to_owned(),
            region: region.clone().unwrap_or_else(|| base.region.clone()),
            access_key_id: id,
            secret_access_key: secret,
            virtual_host_style: style.unwrap_or(base.virtual_host_style),
            encryption: base.encryption,
        })
    }

    /// Where an organisation's contents are in it. A prefix that is not named is the organisation's own.
    pub fn place(&self, own: &ObjectPlace) -> Result<ObjectPlace> {
        match self {
            Self::Configured => Ok(own.clone()),
            Self::Local { .. } => ObjectPlace::new(None, own.prefix()),
            Self::S3 { place, at_root: true, .. } => Ok(place.clone()),
            Self::S3 { place, .. } => ObjectPlace::new(place.bucket(), place.prefix().or(own.prefix())),
        }
    }

    /// The same storage with exactly the place of one organisation in it, whatever is recorded for that later.
    pub fn exactly(self, own: &ObjectPlace) -> Result<Self> {
        let Self::S3 { place, endpoint, region, virtual_host_style, .. } = self else { return Ok(self) };
        let place = ObjectPlace::new(own.bucket().or(place.bucket()), own.prefix())?;
        Ok(Self::S3 { at_root: place.prefix().is_none(), place, endpoint, region, virtual_host_style })
    }

    pub fn bucket(&self) -> Option<&str> {
        match self {
            Self::S3 { place, .. } => place.bucket(),
            _ => None,
        }
    }
}

impl FromStr for Location {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            None if text == "configured" => Ok(Self::Configured),
            Some(("local", path)) if path.starts_with('/') || path.starts_with('.') => {
                Ok(Self::Local { path: PathBuf::from(path) })
            }
            Some(("s3", rest)) => s3(rest),
            _ => Err(Error::bad_request(format!("{text:?} names no storage. {FORMS}"))),
        }
    }
}

fn s3(text: &str) -> Result<Location> {
    let (bucket, options) = text.split_once('?').unwrap_or((text, ""));
    let (mut endpoint, mut region, mut prefix, mut style) = (None, None, None::<String>, None);
    let mut at_root = false;
    for (name, value) in form_urlencoded::parse(options.as_bytes()) {
        let value = value.into_owned();
        match name.as_ref() {
            "endpoint" => endpoint = Some(checked_endpoint(value)?),
            "region" if !value.is_empty() => region = Some(value),
            "prefix" if value.is_empty() => at_root = true,
            "prefix" => prefix = Some(value),
            "style" if value == "path" => style = Some(false),
            "style" if value == "host" => style = Some(true),
            _ => return Err(Error::bad_request(format!("{name}={value} is not known. {FORMS}"))),
        }
    }
    let place = ObjectPlace::new(Some(bucket), prefix.as_deref())?;
    Ok(Location::S3 { at_root: at_root && prefix.is_none(), place, endpoint, region, virtual_host_style: style })
}

/// A key in an address would be seen in the list of processes.
fn checked_endpoint(text: String) -> Result<String> {
    let plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.has_host()
    };
    if text == AMAZON || Url::parse(&text).is_ok_and(|url| plain(&url)) {
        return Ok(text);
    }
    Err(Error::bad_request("An endpoint is an http or https address without user and password, or amazon")
        .code("NO_ENDPOINT", "Keys are given by environment variables; see: yuantus storage copy --help"))
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configured => out.write_str("configured"),
            Self::Local { path } => write!(out, "local:{}", path.display()),
            Self::S3 { place, at_root, endpoint, region, virtual_host_style } => {
                let prefix = place.prefix().or(at_root.then_some(""));
                let mut options = form_urlencoded::Serializer::new(String::new());
                for (name, value) in
                    [("endpoint", endpoint.as_deref()), ("region", region.as_deref()), ("prefix", prefix)]
                {
                    value.map(|value| options.append_pair(name, value));
                }
                virtual_host_style.map(|host| options.append_pair("style", if host { "host" } else { "path" }));
                let options = options.finish();
                let mark = if options.is_empty() { "" } else { "?" };
                write!(out, "s3:{}{mark}{options}", place.bucket().unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Location> {
        text.parse()
    }

    fn s3_of(target: StorageTarget) -> S3Target {
        match target {
            StorageTarget::S3(s3) => s3,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_no_storage_is_refused() {
        for bad in [
            "",
            "minio",
            "local:",
            "s3:",
            "s3:a/b",
            "s3:ok-bucket?colour=red",
            "s3:ok-bucket?style=x",
            "s3:ok-bucket?endpoint=minio:9000",
            "s3:ok-bucket?endpoint=http://id:secret@h",
            "s3:ok-bucket?prefix=tenants",
            "s3:ok-bucket?region=",
            "Configured",
            "configured:",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("configured").unwrap(), Location::Configured);
        assert_eq!(parse("local:/a b?c").unwrap(), Location::Local { path: "/a b?c".into() });
        assert_eq!(parse("local:./files").unwrap().to_string(), "local:./files");
    }

    #[test]
    fn what_an_s3_location_does_not_say_is_as_configured() {
        let configured = StorageTarget::S3(S3Target {
            endpoint_url: Some("http://objects:9000".to_owned()),
            public_endpoint_url: None,
            bucket: "files".to_owned(),
            region: "eu".to_owned(),
            access_key_id: Some("id".to_owned()),
            secret_access_key: Some("secret".to_owned()),
            virtual_host_style: false,
            encryption: Encryption::None,
        });
        let named = Location::of(&configured);
        assert_eq!(named.to_string(), "s3:files?endpoint=http%3A%2F%2Fobjects%3A9000&region=eu&style=path");
        assert_eq!(parse(&named.to_string()).unwrap(), named);

        let near = s3_of(parse("s3:other").unwrap().target(&configured, None));
        assert_eq!((near.endpoint_url.as_deref(), near.bucket.as_str()), (Some("http://objects:9000"), "other"));
        assert_eq!((near.region.as_str(), near.access_key_id.as_deref()), ("eu", Some("id")));

        let far = parse("s3:other?endpoint=amazon&region=us-west-2&style=host&prefix=a%2Fb").unwrap();
        let own = Some(("far".to_owned(), "key".to_owned()));
        let target = s3_of(far.target(&configured, own));
        assert_eq!((target.endpoint_url, target.region.as_str(), target.virtual_host_style), (None, "us-west-2", true));
        assert_eq!(target.access_key_id.as_deref(), Some("far"));

        let own = ObjectPlace::new(Some("acme-files"), Some("eu")).unwrap();
        let root = parse("s3:other?prefix=").unwrap();
        assert_eq!(root.place(&own).unwrap(), ObjectPlace::new(Some("other"), None).unwrap());
        assert_eq!(root.to_string(), "s3:other?prefix=");
        // What a tenant is moved from stays where it was, whatever is recorded then.
        for (at, text) in [(ObjectPlace::default(), "s3:other?prefix="), (own.clone(), "s3:acme-files?prefix=eu")] {
            assert_eq!(parse("s3:other").unwrap().exactly(&at).unwrap().to_string(), text);
        }
        assert_eq!(far.place(&own).unwrap(), ObjectPlace::new(Some("other"), Some("a/b")).unwrap());
        assert_eq!(
            parse("s3:other").unwrap().place(&own).unwrap(),
            ObjectPlace::new(Some("other"), Some("eu")).unwrap()
        );
        assert_eq!(parse("local:/x").unwrap().place(&own).unwrap(), ObjectPlace::new(None, Some("eu")).unwrap());
        assert_eq!(Location::Configured.place(&own).unwrap(), own);
    }
}
