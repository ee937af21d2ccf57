//! The reference page, as it is served.

use axum::http::{Method, StatusCode};
use fixtures::{Contract, page};
use mock_server::{Options, faults};
use serde_json::{Value, json};

use crate::support::{Server, options};

#[tokio::test]
async fn everybody_gets_the_page_at_each_of_its_addresses_whatever_goes_wrong_elsewhere() {
    let faults = vec![faults::find("cors-for-one-origin").unwrap(), faults::find("no-join-handler").unwrap()];
    let server = Server::start(Options { faults, ..options() });
    for path in ["/", "/partner", "/customer", "/vendor", "/srdp"] {
        let (status, text) = server.request(Method::GET, path, &[], "").await;
        assert_eq!((status, &text[..]), (StatusCode::OK, page::INDEX.text.as_bytes()), "{path}");
    }
    for file in page::FILES.into_iter().chain([page::CLIENT]) {
        let (status, text) = server.request(Method::GET, file.path, &[], "").await;
        assert_eq!((status, &text[..]), (StatusCode::OK, file.text.as_bytes()), "{}", file.path);
    }
    let (status, _) = server.request(Method::HEAD, "/", &[], "").await;
    assert_eq!(status, StatusCode::OK);
    server.stop().await;
}

#[tokio::test]
async fn what_the_page_does_not_have_is_as_unknown_as_before() {
    let server = Server::start(options());
    for (method, path) in [
        (Method::GET, "/nothing"),
        (Method::GET, "/partner/"),
        (Method::GET, "/page/"),
        (Method::GET, "/page/nothing.js"),
        (Method::GET, "/index.html"),
        (Method::POST, "/"),
        (Method::POST, "/partner"),
    ] {
        let (status, answer) = server.request(method.clone(), path, &[], "").await;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!((status, &answer["status"]), (StatusCode::NOT_FOUND, &json!(0)), "{method} {path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn its_addresses_and_names_are_the_contracts() {
    let server = Server::start(Options { contract: Contract::order_board(), ..options() });
    let (status, told) = server.request(Method::GET, page::CONTRACT_PATH, &[], "").await;
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!((status, &told), (StatusCode::OK, &page::contract(&Contract::order_board())));
    for route in told["routes"].as_array().unwrap() {
        let (status, _) = server.request(Method::GET, route["path"].as_str().unwrap(), &[], "").await;
        assert_eq!(status, StatusCode::OK, "{route}");
    }
    let (status, _) = server.request(Method::GET, "/partner", &[], "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    server.stop().await;
}

/// A contract that puts its sockets where the page is served.
#[tokio::test]
async fn sockets_at_the_pages_address_go_before_it() {
    let contract = fixtures::contract::ROOM_UPDATES.replace("pathname: /ws", "pathname: /partner");
    let contract = Contract::parse("moved.yaml", &contract).unwrap();
    let server = Server::start(Options { contract, ..options() });
    let (status, open) = server.request(Method::GET, "/partner/?EIO=4&transport=polling", &[], "").await;
    assert_eq!((status, open.first()), (StatusCode::OK, Some(&b'0')));
    server.stop().await;
}
