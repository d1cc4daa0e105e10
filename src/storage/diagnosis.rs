//! Why a link does not lead to its file: from what came back to what to do. Pure.

use super::answer::Answer;

/// How following a link ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Followed {
    Answered(Answer),
    /// No answer; the text says why.
    Unreachable(String),
    Late,
}

impl Followed {
    pub fn shown(&self) -> String {
        match self {
            Self::Answered(answer) => answer.shown(),
            Self::Unreachable(reason) => reason.clone(),
            Self::Late => "no answer in time".to_owned(),
        }
    }
}

/// What to do, the likeliest first. The server itself has just written the object, so its own way and its key are fine.
pub(super) fn advice(followed: &Followed, has_public_endpoint: bool, virtual_host_style: bool) -> Vec<String> {
    let setting = if has_public_endpoint { "storage.s3.public_endpoint_url" } else { "storage.s3.endpoint_url" };
    let texts = match followed {
        Followed::Late => vec![format!("a firewall swallows what goes to {setting}, or the address is wrong")],
        Followed::Unreachable(reason) => unreachable(&reason.to_lowercase(), setting, virtual_host_style),
        Followed::Answered(answer) => answered(answer, setting, virtual_host_style),
    };
    let unset =
        "storage.s3.public_endpoint_url is not set: set it to the address by which browsers reach the S3 server";
    texts.into_iter().chain((!has_public_endpoint).then(|| unset.to_owned())).collect()
}

fn unreachable(reason: &str, setting: &str, virtual_host_style: bool) -> Vec<String> {
    let any = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if any(&["certificate", "unknownissuer", "tls", "handshake", "notvalidforname"]) {
        return vec![
            format!(
                "TLS fails: the certificate at {setting} must be valid for its host name and come from a known authority"
            ),
            "if the port speaks plain HTTP, the address begins with http://".to_owned(),
        ];
    }
    if any(&["dns", "lookup", "resolve", "name or service"]) {
        let mut texts = vec![format!("the host name in {setting} is unknown here: correct it, or make it known (DNS)")];
        if virtual_host_style {
            texts.push("storage.s3.virtual_host_style puts the bucket before the host name, which DNS must know too: turn it off, or add a wildcard record".to_owned());
        }
        return texts;
    }
    vec![format!("nothing answers at {setting}: correct host and port, and see that the S3 server or its proxy runs")]
}

fn answered(answer: &Answer, setting: &str, virtual_host_style: bool) -> Vec<String> {
    let style = if virtual_host_style {
        "turn storage.s3.virtual_host_style off if the server takes the bucket from the path (most but Amazon's do)"
    } else {
        "turn storage.s3.virtual_host_style on if the server takes the bucket from the host name"
    };
    let fixed: Vec<&str> = match (answer.status, answer.code.as_deref().unwrap_or_default()) {
        _ if is_about_time(answer) => vec!["the clocks of this machine and of the S3 server differ: set both by NTP"],
        (_, "SignatureDoesNotMatch") => vec![
            "a proxy in front of the S3 server rewrites Host, which is signed: let it pass the host and port on as the browser sent them (nginx: proxy_set_header Host $http_host)",
            "it changes the path or the query: let it add and remove nothing",
            "storage.s3.region differs from the server's",
        ],
        (_, "InvalidAccessKeyId") => vec!["this is another S3 server than the one that files are written to"],
        (_, "NoSuchBucket" | "NoSuchKey") => {
            vec![style, "this is another S3 server than the one that files are written to, or a proxy changes the path"]
        }
        (
            _,
            "AuthorizationHeaderMalformed"
            | "AuthorizationQueryParametersError"
            | "PermanentRedirect"
            | "IllegalLocationConstraintException",
        ) => {
            vec!["storage.s3.region differs from the bucket's"]
        }
        (_, "AccessDenied") => vec![
            "the key may not read objects by link: allow it s3:GetObject",
            "a policy of the bucket refuses requests from here",
        ],
        (400, "") => vec!["the address begins with http:// and the port speaks HTTPS, or the other way round"],
        (200..300, _) => {
            vec!["something else answers there: the console of the S3 server, another program, or a cache"]
        }
        (502..=504, _) => vec!["the proxy does not reach the S3 server behind it"],
        (_, "") => vec!["this is no S3 server, or a proxy in front of it refuses the request: see its log", style],
        _ => vec!["see the log of the S3 server"],
    };
    let mut texts: Vec<String> = fixed.into_iter().map(str::to_owned).collect();
    texts.extend(answer.region.iter().map(|region| format!("the bucket is in region {region}: set storage.s3.region")));
    texts.push(format!("the address that was asked is {setting}"));
    texts
}

fn is_about_time(answer: &Answer) -> bool {
    let message = answer.message.as_deref().unwrap_or_default().to_lowercase();
    answer.code.as_deref() == Some("RequestTimeTooSkewed")
        || (answer.status == 403 && (message.contains("expired") || message.contains("not yet valid")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(status: u16, code: &str, message: &str) -> Followed {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Followed::Answered(Answer { status, code: text(code), message: text(message), ..Answer::default() })
    }

    #[test]
    fn each_usual_cause_is_named_first() {
        let unreachable = |text: &str| Followed::Unreachable(text.to_owned());
        for (followed, expected) in [
            (code(403, "SignatureDoesNotMatch", ""), "rewrites Host"),
            (code(403, "RequestTimeTooSkewed", ""), "clocks"),
            (code(403, "AccessDenied", "Request has expired"), "clocks"),
            (code(403, "AccessDenied", ""), "s3:GetObject"),
            (code(403, "InvalidAccessKeyId", ""), "another S3 server"),
            (code(404, "NoSuchBucket", ""), "virtual_host_style on"),
            (code(404, "", ""), "no S3 server"),
            (code(400, "", ""), "speaks HTTPS"),
            (code(200, "", ""), "something else answers"),
            (code(502, "", ""), "does not reach the S3 server"),
            (unreachable("client error (Connect): invalid peer certificate: UnknownIssuer"), "TLS fails"),
            (unreachable("client error (Connect): dns error: failed to lookup address"), "is unknown here"),
            (unreachable("client error (Connect): Connection refused (os error 111)"), "nothing answers"),
            (Followed::Late, "firewall"),
        ] {
            let texts = advice(&followed, true, false);
            assert!(texts[0].contains(expected), "{followed:?}: {texts:?}");
            assert!(!texts.iter().any(|text| text.contains("is not set")), "{texts:?}");
        }
    }

    #[test]
    fn a_missing_public_endpoint_is_always_named() {
        for followed in [Followed::Late, code(403, "SignatureDoesNotMatch", ""), code(500, "InternalError", "")] {
            assert!(advice(&followed, false, false).last().unwrap().contains("is not set"));
        }
        let texts = advice(&Followed::Unreachable("dns error".to_owned()), true, true);
        assert!(texts[1].contains("wildcard"), "{texts:?}");
    }
}
