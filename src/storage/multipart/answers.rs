//! What S3 answers to multipart uploads, and the one body that it is sent. Pure.

use quick_xml::de::from_str;
use quick_xml::se::to_string_with_root;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::StoredPart;
use crate::error::{Error, Result};

#[derive(Debug, Deserialize)]
pub(super) struct Begun {
    #[serde(rename = "UploadId")]
    pub(super) upload_id: String,
}

/// One page of the parts that have arrived. Servers other than S3 leave out much of it.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    #[serde(rename = "IsTruncated", default)]
    is_truncated: bool,
    #[serde(rename = "NextPartNumberMarker")]
    next_part_number_marker: Option<String>,
    #[serde(rename = "Part", default)]
    pub(super) parts: Vec<ListedPart>,
}

impl Listed {
    /// After which part the next page begins.
    pub(super) fn next(&self) -> Option<String> {
        let last = || self.parts.last().map(|part| part.number.to_string());
        let marker = self.next_part_number_marker.clone().filter(|marker| !marker.is_empty() && marker != "0");
        if self.is_truncated { marker.or_else(last) } else { None }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct ListedPart {
    #[serde(rename = "PartNumber")]
    number: u32,
    #[serde(rename = "ETag")]
    etag: Option<String>,
    #[serde(rename = "Size")]
    size: u64,
}

impl From<ListedPart> for StoredPart {
    fn from(part: ListedPart) -> Self {
        Self { number: part.number, size: part.size, etag: part.etag }
    }
}

/// That the parts were joined. All that counts is that it is this element.
#[derive(Debug, Deserialize)]
pub(super) struct Completed {
    #[serde(rename = "Key")]
    _key: String,
}

#[derive(Debug, Serialize)]
struct Completion<'a> {
    #[serde(rename = "Part")]
    parts: Vec<CompletedPart<'a>>,
}

#[derive(Debug, Serialize)]
struct CompletedPart<'a> {
    #[serde(rename = "PartNumber")]
    number: u32,
    #[serde(rename = "ETag", skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
}

pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    from_str(text.trim_start())
        .map_err(|error| Error::internal("The file storage answered what S3 would not").caused_by(error))
}

/// The request to join these parts.
pub(super) fn completion(parts: &[StoredPart]) -> Result<String> {
    let parts = parts.iter().map(|part| CompletedPart { number: part.number, etag: part.etag.as_deref() }).collect();
    to_string_with_root("CompleteMultipartUpload", &Completion { parts })
        .map_err(|error| Error::internal("The parts of an upload cannot be named").caused_by(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_list_and_a_bare_one_are_read() {
        let full = r#"<?xml version="1.0" encoding="UTF-8"?>
            <ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>b</Bucket><Key>k</Key>
            <UploadId>u</UploadId><NextPartNumberMarker>2</NextPartNumberMarker><MaxParts>2</MaxParts>
            <IsTruncated>true</IsTruncated>
            <Part><PartNumber>1</PartNumber><ETag>&quot;aa&quot;</ETag><Size>5</Size></Part>
            <Part><PartNumber>2</PartNumber><ETag>"bb"</ETag><Size>6</Size></Part></ListPartsResult>"#;
        let page: Listed = read(full).unwrap();
        assert_eq!(page.next().as_deref(), Some("2"));
        let parts: Vec<StoredPart> = page.parts.into_iter().map(StoredPart::from).collect();
        assert_eq!(parts[0], StoredPart { number: 1, size: 5, etag: Some("\"aa\"".to_owned()) });

        let bare: Listed = read("<ListPartsResult><Key>k</Key></ListPartsResult>").unwrap();
        assert!(bare.parts.is_empty() && bare.next().is_none());
        let unmarked = "<ListPartsResult><IsTruncated>true</IsTruncated>\
                        <Part><PartNumber>3</PartNumber><Size>6</Size></Part></ListPartsResult>";
        assert_eq!(read::<Listed>(unmarked).unwrap().next().as_deref(), Some("3"));
    }

    #[test]
    fn a_completion_names_the_parts_in_their_order() {
        let parts = [(1, Some("\"aa\"")), (2, None)].map(|(number, etag)| StoredPart {
            number,
            size: 5,
            etag: etag.map(str::to_owned),
        });
        let body = completion(&parts).unwrap();
        assert!(body.starts_with("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"), "{body}");
        assert!(body.ends_with("<Part><PartNumber>2</PartNumber></Part></CompleteMultipartUpload>"), "{body}");
    }

    #[test]
    fn that_parts_were_joined_is_an_element_of_its_own() {
        let good = "\n <CompleteMultipartUploadResult><Key>k</Key><ETag>e</ETag></CompleteMultipartUploadResult>";
        assert!(read::<Completed>(good).is_ok() && read::<Completed>("").is_err());
    }
}
