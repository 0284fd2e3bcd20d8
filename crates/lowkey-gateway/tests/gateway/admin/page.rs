//! The page for a browser: what it is made of, and who may ask for it.

use super::{admin, ask, get};
use crate::common::World;
use lowkey_gateway::admin::{Admin, Endpoint};
use std::net::SocketAddr;
use tokio::net::{TcpStream, UnixStream};

/// Head and body of what is at `path`.
async fn whole(address: SocketAddr, path: &str) -> (String, String) {
    use crate::common::until_end;
    use tokio::io::AsyncWriteExt;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = String::from_utf8(until_end(&mut stream).await).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// What stands between quotes behind each `before`.
fn quoted<'t>(text: &'t str, before: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

#[tokio::test]
async fn all_of_the_page_is_here_and_its_policy_lets_nothing_else_in() {
    let address = admin(&World::new().acceptor()).await;
    let mut open = vec!["/".to_owned()];
    let mut seen = Vec::new();
    while let Some(path) = open.pop() {
        let (head, body) = whole(address, &path).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
        let policy = head.lines().find_map(|line| line.strip_prefix("content-security-policy: ")).unwrap();
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
        for header in ["x-content-type-options: nosniff", "cross-origin-resource-policy: same-origin"] {
            assert!(head.contains(header), "{head}");
        }
        for forbidden in
            ["<script>", "<style", " style=", " onclick=", "innerHTML", "eval(", "document.write"]
        {
            assert!(!body.contains(forbidden), "{path} has {forbidden}");
        }
        let here = quoted(&body, " src=\"").chain(quoted(&body, " href=\"")).map(str::to_owned);
        let imported = quoted(&body, " from \"./").map(|name| format!("/page/{name}"));
        let more: Vec<String> = here.chain(imported).filter(|path| !seen.contains(path)).collect();
        assert!(more.iter().all(|path| path.starts_with('/') && !path.starts_with("//")), "{more:?}");
        seen.extend(more.iter().cloned());
        open.extend(more);
    }
    seen.sort();
    seen.dedup();
    let scripts =
        ["device", "fleet", "glance", "main", "table", "words"].map(|name| format!("/page/{name}.js"));
    let others = ["/page/icon.svg", "/page/page.css"].map(str::to_owned);
    let mut all: Vec<String> = scripts.into_iter().chain(others).collect();
    all.sort();
    assert_eq!(seen, all);
}

#[tokio::test]
async fn a_page_of_another_site_is_refused_whatever_it_asks() {
    let world = World::new();
    let address = admin(&world.acceptor()).await;
    for (header, status) in [
        ("Sec-Fetch-Site: cross-site", 403),
        ("Sec-Fetch-Site: same-site", 403),
        ("Origin: https://evil.example", 403),
        ("Origin: null", 403),
        ("Origin: http://127.0.0.1:1", 403),
        ("Sec-Fetch-Site: same-origin", 200),
        ("Sec-Fetch-Site: none", 200),
        ("Accept: */*", 200),
    ] {
        for path in ["/", "/overview", "/devices", "/metrics"] {
            let stream = TcpStream::connect(address).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{header}\r\n\r\n");
            assert_eq!(ask(stream, &request).await.0, status, "{path}, {header}");
        }
    }
    let stream = TcpStream::connect(address).await.unwrap();
    let own = format!("GET /overview HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n\r\n");
    assert_eq!(ask(stream, &own).await.0, 200);
}

#[tokio::test]
async fn a_name_that_leads_to_a_tunnel_is_refused_at_its_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let bound = Admin::bind(&Endpoint::unix(&path), World::new().acceptor()).await.unwrap();
    tokio::spawn(bound.run());
    for (host, status) in [
        ("Host: evil.example\r\n", 421),
        ("Host: evil.example:8080\r\n", 421),
        ("Host: localhost.evil.example\r\n", 421),
        ("Host: localhost:8080\r\n", 200),
        ("Host: 127.0.0.1:8080\r\n", 200),
        ("Host: [::1]:8080\r\n", 200),
    ] {
        let stream = UnixStream::connect(&path).await.unwrap();
        assert_eq!(ask(stream, &format!("GET /devices HTTP/1.1\r\n{host}\r\n")).await.0, status, "{host}");
    }
    let stream = UnixStream::connect(&path).await.unwrap();
    assert_eq!(ask(stream, "GET /livez HTTP/1.0\r\n\r\n").await.0, 200, "who names no host is no browser");
}

#[tokio::test]
async fn a_server_at_a_glance_is_one_object() {
    let address = admin(&World::new().acceptor()).await;
    let (status, text) = get(address, "/overview").await;
    let overview: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 200);
    assert!(overview["devices"].as_u64().is_some_and(|devices| devices > 0), "{text}");
    assert_eq!(overview["totals"]["sessions"], 0);
    assert_eq!(
        (&overview["service"], &overview["registry"]["stale"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    assert_eq!(overview["windows"].as_array().map(Vec::len), Some(0));
}
