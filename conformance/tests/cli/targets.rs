//! Targets that cannot be reached, or that answer something else than a backend of this kind: said once, before the run.

use tokio::net::TcpSocket;

use crate::support::{Folder, Front, Reply, Request, answer, configuration, conformance, mock};

/// What is said of a target with this configuration.
async fn refusal(code: i32, configuration: &str) -> String {
    let folder = Folder::new();
    let file = folder.write("conformance.toml", configuration);
    conformance(["run", "--config", &file]).refusal(code).await
}

/// A front that answers the login with this, and passes everything else on to a mock.
async fn with_login(status: &'static str, content_type: &'static str, body: &'static str) -> String {
    let reply = move |request: &Request| match request.line.as_str() {
        "POST /api/auth/login" => answer(status, content_type, body),
        _ => Reply::Pass,
    };
    configuration(&Front::new(mock(), reply).await.http_url(), "")
}

#[tokio::test]
async fn nobody_listens_there() {
    let bound = TcpSocket::new_v4().unwrap(); // bound and not listening: nobody else can take the port
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let at = bound.local_addr().unwrap();
    assert_eq!(
        conformance(["--target", &format!("http://{at}")]).refusal(3).await,
        format!("{at}: connection refused; is the backend running, and is this its port?")
    );
}

#[tokio::test]
async fn the_name_has_no_address() {
    let said = conformance(["--target", "http://no-such-host.invalid"]).refusal(3).await;
    assert!(said.starts_with("no-such-host.invalid:80: the name `no-such-host.invalid` cannot be resolved"), "{said}");
    assert!(said.ends_with("; check its spelling and the DNS"), "{said}");
}

#[tokio::test]
async fn the_certificate_is_signed_by_nobody() {
    let front = Front::https(mock()).await;
    let url = format!("https://localhost:{}", front.address.port());
    // Waiting would not mend it, so nobody waits.
    let said = conformance(["--target", &url, "--wait-for", "1h"]).refusal(3).await;
    assert!(said.contains("TLS failed: its certificate is self-signed"), "{said}");
    assert!(said.ends_with("name that authority's CA file, or use `--insecure`"), "{said}");
}

#[tokio::test]
async fn an_unsigned_certificate_is_accepted_when_told_so() {
    let front = Front::https(mock()).await;
    let folder = Folder::new();
    let url = format!("https://localhost:{}", front.address.port());
    let file = folder.write("conformance.toml", &configuration(&url, ""));
    let ended = conformance(["run", "--config", &file, "--insecure", "--run", "auth.token.*"]).end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(&format!("{url} conforms")), "{}", ended.stdout);
    // Without the secret that signs tokens an expired one cannot be made, which is said.
    let said = "without the server's `secret` in [auth] no token of this kind could be made (Expired): whether it is refused was \
                not tried\n";
    assert_eq!(ended.stderr, said);
}

#[tokio::test]
async fn https_is_asked_where_plain_http_is_spoken() {
    let said = conformance(["--target", &mock().replace("http:", "https:")]).refusal(3).await;
    assert!(said.ends_with("does it speak plain HTTP? then use `http://`"), "{said}");
}

#[tokio::test]
async fn http_is_asked_where_tls_is_spoken() {
    let front = Front::https(mock()).await;
    let said = conformance(["--target", &front.http_url(), "--wait-for", "1h"]).refusal(3).await;
    assert!(said.ends_with("is this the right port, and should it be `https://`?"), "{said}");
}

#[tokio::test]
async fn the_socket_path_is_wrong() {
    let url = mock();
    let said = conformance(["--target", &url, "--socket-path", "/socket.io"]).refusal(2).await;
    assert!(said.starts_with(&format!("{url}/socket.io/?EIO=4&transport=")), "{said}");
    assert!(said.contains("HTTP 404"), "{said}");
    assert!(said.ends_with("check the socket path, with and without a slash at its end"), "{said}");
}

#[tokio::test]
async fn a_page_is_served_at_the_socket_path() {
    let front = Front::new(mock(), |_| answer("200 OK", "text/html", "<!doctype html><title>Dashboard</title>")).await;
    let said = refusal(2, &configuration(&front.http_url(), "")).await;
    assert!(said.contains("HTTP 200 (text/html) with `<!doctype html><title>Dashboard</title>`"), "{said}");
    assert!(said.ends_with("does the socket path lead to Engine.IO?"), "{said}");
}

#[tokio::test]
async fn a_proxy_answers_for_a_backend_that_is_away() {
    let front = Front::new(mock(), |_| answer("502 Bad Gateway", "text/html", "<h1>502 Bad Gateway</h1>")).await;
    let said = refusal(3, &configuration(&front.http_url(), "")).await;
    assert!(said.contains("HTTP 502"), "{said}");
    assert!(said.ends_with("a proxy answers for a backend that is away: is the backend running?"), "{said}");
}

#[tokio::test]
async fn a_target_that_never_answers_is_given_up() {
    let front = Front::new(mock(), |_| Reply::Never).await;
    let said = refusal(3, &configuration(&front.http_url(), "[deadlines]\nconnect = \"500ms\"")).await;
    assert!(said.contains("no answer within 500ms"), "{said}");
}

#[tokio::test]
async fn the_login_is_refused() {
    let wrong = configuration(&mock(), "").replace("agent-password", "another-password");
    let said = refusal(2, &wrong).await;
    assert!(said.starts_with("login refused: POST http://127.0.0.1:"), "{said}");
    assert!(said.contains("/api/auth/login answered 401 Unauthorized: "), "{said}");
    assert!(said.ends_with("; check [auth] username, password and login_from"), "{said}");
}

#[tokio::test]
async fn there_is_no_login() {
    let said = refusal(2, &configuration(&mock(), "login_path = \"/login\"")).await;
    assert!(said.contains("/login answered 404 Not Found"), "{said}");
    assert!(said.ends_with("; check the target's URL and [auth] login_path"), "{said}");
}

#[tokio::test]
async fn the_login_fails() {
    let said = refusal(3, &with_login("500 Internal Server Error", "text/plain", "no database").await).await;
    assert!(said.contains("answered 500 Internal Server Error: no database"), "{said}");
    assert!(said.ends_with("; see what the backend's log says"), "{said}");
}

#[tokio::test]
async fn the_login_answers_with_a_page() {
    let said = refusal(2, &with_login("200 OK", "text/html", "<!doctype html>").await).await;
    assert!(
        said.contains("answered 200 OK with text/html where a JSON object was expected: <!doctype html>"),
        "{said}"
    );
    assert!(said.ends_with("; check the target's URL and [auth] login_path"), "{said}");
}

#[tokio::test]
async fn the_logins_answer_has_its_token_elsewhere() {
    let said = refusal(2, &with_login("200 OK", "application/json", r#"{"status":1,"jwt":"a.b.c"}"#).await).await;
    assert!(said.contains("answered without `accessToken`, but with: status, jwt"), "{said}");
    assert!(said.ends_with("; set [auth] token_field to the key of the token"), "{said}");
}

#[tokio::test]
async fn the_token_is_refused() {
    let said = refusal(2, &format!("target = \"{}\"\n[auth]\ntoken = \"not-a-token\"", mock())).await;
    assert!(
        said.contains("refuses our token, in the CONNECT payload and in the query string: CONNECT_ERROR"),
        "{said}"
    );
    assert!(said.ends_with("check [auth] in the configuration: is the token still good, and is it for this backend?"));
}

#[tokio::test]
async fn a_token_is_wanted_and_none_is_given() {
    let said = conformance(["--target", &mock()]).refusal(2).await;
    assert!(said.contains(" lets nobody in without a token: CONNECT_ERROR {"), "{said}");
    assert!(said.contains("; give a login or a token under [auth] in the configuration"), "{said}");
}
