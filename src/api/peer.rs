//! Who is at the other end: the peer of the connection, or what trusted proxies say of it.

use std::net::IpAddr;

use ipnet::IpNet;
use poem::Request;

/// The address of the client: the last one in `X-Forwarded-For` that is no trusted proxy, read only when the peer is one.
pub fn address(request: &Request, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.remote_addr().as_socket_addr()?.ip();
    let forwarded = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    Some(client(peer, &hops, trusted))
}

/// Whatever stands left of the first hop that is not ours may be invented, so the search goes from the right.
fn client(peer: IpAddr, hops: &[&str], trusted: &[IpNet]) -> IpAddr {
    let ours = |address: &IpAddr| trusted.iter().any(|network| network.contains(&address.to_canonical()));
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !ours(&client) {
            break;
        }
        match hop.parse() {
            Ok(address) => client = address,
            Err(_) => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed_and_only_their_own_word() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()];
        let table = [
            ("203.0.113.9", vec!["1.2.3.4"], "203.0.113.9"),
            ("127.0.0.1", vec![], "127.0.0.1"),
            ("127.0.0.1", vec!["1.2.3.4"], "1.2.3.4"),
            ("127.0.0.1", vec!["6.6.6.6", "1.2.3.4", "10.1.1.1"], "1.2.3.4"),
            ("127.0.0.1", vec!["6.6.6.6", "nonsense"], "127.0.0.1"),
        ];
        for (peer, hops, expected) in table {
            assert_eq!(client(peer.parse().unwrap(), &hops, &trusted), expected.parse::<IpAddr>().unwrap(), "{hops:?}");
        }
    }
}
