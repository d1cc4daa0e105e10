//! Where the objects of a bucket are, in both styles; the same addresses that opendal makes of the same settings.

use url::Url;

use super::S3Target;
use crate::error::{Error, Result};

/// The address below which all objects of a bucket are, with a final slash.
#[derive(Debug, Clone)]
pub(super) struct BucketAddress(Url);

impl BucketAddress {
    /// `endpoint` `None` is AWS in the target's region.
    pub(super) fn new(s3: &S3Target, endpoint: Option<&str>) -> Result<Self> {
        let aws = || format!("https://s3.{}.amazonaws.com", s3.region);
        let endpoint = match endpoint {
            None | Some("https://s3.amazonaws.com") => aws(),
            Some(endpoint) => endpoint.trim_end_matches('/').replace(&format!("//{}.", s3.bucket), "//"),
        };
        let text = if s3.virtual_host_style {
            format!("{}/", endpoint.replacen("//", &format!("//{}.", s3.bucket), 1))
        } else {
            format!("{endpoint}/{}/", s3.bucket)
        };
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        url.map(Self).ok_or_else(|| Error::config("The address of the S3 server and the bucket form no URL"))
    }

    /// `key` consists of letters, digits, hyphens and slashes (`keys`), so nothing in it needs encoding.
    pub(super) fn object(&self, key: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{key}", self.0.path()));
        url.query_pairs_mut().extend_pairs(query);
        url
    }
}

#[cfg(test)]
mod tests {
    use super::super::Encryption;
    use super::*;

    fn object(endpoint: Option<&str>, virtual_host_style: bool) -> String {
        let s3 = S3Target {
            endpoint_url: None,
            public_endpoint_url: None,
            bucket: "files".to_owned(),
            region: "eu-west-1".to_owned(),
            access_key_id: None,
            secret_access_key: None,
            virtual_host_style,
            encryption: Encryption::None,
        };
        BucketAddress::new(&s3, endpoint).unwrap().object("a/b", &[("uploadId", "x+y=")]).to_string()
    }

    #[test]
    fn both_styles_of_every_endpoint() {
        for (endpoint, hosted, begins) in [
            (None, false, "https://s3.eu-west-1.amazonaws.com/files/a/b?"),
            (None, true, "https://files.s3.eu-west-1.amazonaws.com/a/b?"),
            (Some("https://s3.amazonaws.com"), true, "https://files.s3.eu-west-1.amazonaws.com/a/b?"),
            (Some("http://minio:9000"), false, "http://minio:9000/files/a/b?"),
            (Some("http://minio:9000/"), true, "http://files.minio:9000/a/b?"),
            (Some("https://files.example.com"), true, "https://files.example.com/a/b?"),
            (Some("https://example.com/s3/"), false, "https://example.com/s3/files/a/b?"),
        ] {
            let url = object(endpoint, hosted);
            assert_eq!(url, format!("{begins}uploadId=x%2By%3D"), "{endpoint:?} {hosted}");
        }
    }
}
