//! JSON bodies whose errors name the field.

use std::ops::Deref;

use poem::{FromRequest, Request, RequestBody};
use poem_openapi::error::ContentTypeError;
use poem_openapi::payload::{Json, ParsePayload, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::error::ApiError;
use crate::error::{Error, Problem, Result};

/// A JSON body, documented as `T` and read by serde, whose errors name the field.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T> Deref for Body<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Type> Payload for Body<T> {
    const CONTENT_TYPE: &'static str = Json::<T>::CONTENT_TYPE;

    fn check_content_type(content_type: &str) -> bool {
        Json::<T>::check_content_type(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type + DeserializeOwned> ParsePayload for Body<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        Self::read(&<Vec<u8> as FromRequest>::from_request(request, body).await?)
    }
}

impl<T: DeserializeOwned> Body<T> {
    fn read(data: &[u8]) -> poem::Result<Self> {
        let mut reader = serde_json::Deserializer::from_slice(data);
        let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| problem(&error));
        let value = read.and_then(|value| reader.end().map(|()| value).map_err(|error| not_json(&error)));
        Ok(Self(value.map_err(|problem| ApiError::from(Error::invalid(vec![problem])))?))
    }
}

/// A value that is in hand already, read like a body that stands at a place.
pub fn read_value<T: DeserializeOwned>(value: serde_json::Value, loc: &[&str]) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| Error::invalid(vec![problem(&error)]).moved("body", loc))
}

/// A failure of serde as a problem with a place.
fn problem(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    if !error.inner().is_data() {
        return not_json(error.inner());
    }
    let text = error.inner().to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let mut loc = vec!["body".to_owned()];
    loc.extend(error.path().iter().map(part).filter(|part| part != "?"));
    let quoted = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.split('`').nth(1)).map(str::to_owned);
    if let Some(field) = quoted("missing field ") {
        loc.push(field);
        return Problem { rule: "missing".to_owned(), loc, message: "Field required".to_owned() };
    }
    if text.starts_with("unknown variant ") {
        let message = format!("Input should be {}", choices(text));
        return Problem { rule: "enum".to_owned(), loc, message };
    }
    Problem { rule: "type_error".to_owned(), loc, message: text.to_owned() }
}

/// A step into a value, as places name it: a field, or the index in a list.
fn part(step: &Segment) -> String {
    match step {
        Segment::Seq { index } => index.to_string(),
        other => other.to_string(),
    }
}

/// The variants that serde names in backticks, as a person lists them: `'a', 'b' or 'c'`.
fn choices(text: &str) -> String {
    let expected = text.split_once("expected ").map_or("", |(_, expected)| expected);
    let quoted: Vec<String> = expected.split('`').skip(1).step_by(2).map(|name| format!("'{name}'")).collect();
    match quoted.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => quoted.concat(),
    }
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::new("json_invalid", &["body"], format!("The body is not JSON: {error}"))
}

impl<'a, T: Type + DeserializeOwned> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Self as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: Self::schema_ref() }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let content_type = request.content_type();
        match content_type {
            Some(given) if Self::check_content_type(given) => <Self as ParsePayload>::from_request(request, body).await,
            Some(given) => Err(ContentTypeError::NotSupported { content_type: given.to_owned() }.into()),
            None => Err(ContentTypeError::ExpectContentType.into()),
        }
    }
}

/// The same as [`Body`] where it may be left out.
#[derive(Debug)]
pub struct OptionalBody<T>(pub Option<T>);

impl<'a, T: Type + DeserializeOwned> ApiExtractor<'a> for OptionalBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Body<T> as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Body::<T>::request_meta().map(|meta| MetaRequest { required: false, ..meta })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let data = <Vec<u8> as FromRequest>::from_request(request, body).await?;
        match request.content_type() {
            _ if data.is_empty() => Ok(Self(None)),
            Some(given) if !Body::<T>::check_content_type(given) => {
                Err(ContentTypeError::NotSupported { content_type: given.to_owned() }.into())
            }
            Some(_) => Ok(Self(Some(Body::read(&data)?.0))),
            None => Err(ContentTypeError::ExpectContentType.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_listed_as_a_person_does() {
        for (text, expected) in [
            ("unknown variant `x`, expected `a`", "'a'"),
            ("unknown variant `x`, expected `a` or `b`", "'a' or 'b'"),
            ("unknown variant `x`, expected one of `a`, `b`, `c`", "'a', 'b' or 'c'"),
        ] {
            assert_eq!(choices(text), expected);
        }
    }
}
