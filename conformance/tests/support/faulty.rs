//! A small backend with one defect at a time, for what must be found from a cold start.
//!
//! It is the contract's minimum: joins, leaves, the webhook and its broadcasts; no tokens, no chat list, nothing an agent
//! could do. Without a defect it is correct, which a test shows, so that what is found is the defect and nothing else.

use std::collections::{HashMap, HashSet};
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt;
use conformance::config::Config;
use fixtures::Contract;
use serde::Deserialize;
use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{Event, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::socket::DisconnectReason;

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    None,
    /// A join is acknowledged, and the socket is in no room.
    JoinWithoutEntering,
    /// Who joins a second time hears everything twice.
    TwiceAfterASecondJoin,
    /// A new connection is in the rooms of the one that was last cut off, whoever that was.
    MembershipSurvives,
    /// What is to be broadcast waits in one place for all types, until the message is saved.
    OneSlotForAllTypes,
    /// Broadcasts end a text after its first 100 characters.
    TextIsCut,
}

struct Backend {
    defect: Defect,
    contract: Contract,
    io: SocketIo,
    state: Mutex<Chats>,
    /// Messages of one type are taken in one after the other.
    turns: HashMap<String, tokio::sync::Mutex<()>>,
    slot: Mutex<Option<(String, String, Value)>>,
    left_behind: Mutex<Vec<String>>,
}

#[derive(Default)]
struct Chats {
    seen: HashSet<String>,
    unread: HashMap<String, u64>,
}

/// All arguments of an event, as far as anybody looks.
#[derive(Deserialize, Default)]
struct Arguments(
    #[serde(default)] Value,
    #[serde(default)]
    #[expect(dead_code, reason = "a tuple of two is given all arguments")]
    Value,
);

/// Starts it on a free port, for as long as the test runs, and gives the configuration that checks it.
pub async fn start(defect: Defect) -> Config {
    let contract = Contract::room_updates();
    let (layer, io) = SocketIo::builder().req_path(contract.path.clone()).build_layer();
    let turns = contract.routes.iter().map(|route| (route.customer_type.clone(), Default::default())).collect();
    let backend = Arc::new(Backend {
        defect,
        contract,
        io: io.clone(),
        state: Mutex::default(),
        turns,
        slot: Mutex::default(),
        left_behind: Mutex::default(),
    });
    let admit = {
        let backend = Arc::clone(&backend);
        move |socket: SocketRef| {
            Arc::clone(&backend).listen(&socket);
            ready(Ok::<(), std::convert::Infallible>(()))
        }
    };
    let inherit = {
        let backend = Arc::clone(&backend);
        move |socket: SocketRef| {
            socket.join(std::mem::take(&mut *backend.left_behind.lock().unwrap()));
            ready(())
        }
    };
    io.ns("/", inherit.with(admit));
    let webhook = post(|State(backend): State<Arc<Backend>>, Path(channel): Path<String>, body: String| async move {
        backend.take_in(&channel, &serde_json::from_str(&body).unwrap()).await
    });
    let app = Router::new().route("/api/chats/whatsapp_chat/{channel}", webhook).with_state(backend).layer(layer);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    tokio::spawn(axum::serve(listener, app).into_future());
    let settings = r#"
        lacks = ["list", "search", "history", "send", "update-status"]
        [trigger]
        kind = "whatsapp"
    "#;
    Config::parse("test.toml", &format!("target = \"{url}\"\n{settings}")).unwrap()
}

impl Backend {
    fn listen(self: Arc<Self>, socket: &SocketRef) {
        let backend = Arc::clone(&self);
        socket.on_fallback(move |socket: SocketRef, Event(event): Event, TryData(arguments): TryData<Arguments>| {
            let room = arguments.unwrap_or_default().0["room"].as_str().unwrap_or_default().to_owned();
            let known = backend.contract.route_of_room(&room).is_some();
            match event.as_str() {
                "join_room" if known => backend.join(&socket, room),
                "join_room" => answer(&socket, "join_room_response", &json!({"status": 0, "message": "no such room"})),
                "leave_room" => {
                    socket.leave(room.clone());
                    socket.leave(format!("{room} again"));
                    answer(&socket, "leave_room_response", &json!({"status": 1, "room": room}));
                }
                _ => {}
            }
            ready(())
        });
        socket.on_disconnect(move |socket: SocketRef, reason: DisconnectReason| {
            if self.defect == Defect::MembershipSurvives && reason != DisconnectReason::ClientNSDisconnect {
                let rooms = socket.rooms().into_iter().map(|room| room.to_string()).collect();
                *self.left_behind.lock().unwrap() = rooms;
            }
            ready(())
        });
    }

    fn join(&self, socket: &SocketRef, room: String) {
        match self.defect {
            Defect::JoinWithoutEntering => {}
            Defect::TwiceAfterASecondJoin if socket.rooms().iter().any(|name| **name == *room) => {
                socket.join(format!("{room} again"));
            }
            _ => socket.join(room.clone()),
        }
        answer(socket, "join_room_response", &json!({"status": 1, "room": room}));
    }

    async fn take_in(&self, channel: &str, body: &Value) -> StatusCode {
        let route = self.contract.routes.iter().find(|route| route.channel.as_deref() == Some(channel));
        let Some(route) = route else { return StatusCode::NOT_FOUND };
        let messages = &body["entry"][0]["changes"][0]["value"]["messages"];
        for message in messages.as_array().into_iter().flatten() {
            let _turn = self.turns[&route.customer_type].lock().await;
            let Some(summary) = self.summary(&route.customer_type, message) else { continue };
            let broadcast = (route.room.clone(), route.event.clone(), summary);
            if self.defect != Defect::OneSlotForAllTypes {
                self.broadcast(broadcast).await;
                continue;
            }
            *self.slot.lock().unwrap() = Some(broadcast);
            tokio::time::sleep(Duration::from_millis(10)).await; // the time that saving takes
            let waiting = self.slot.lock().unwrap().take();
            if let Some(waiting) = waiting {
                self.broadcast(waiting).await;
            }
        }
        StatusCode::OK
    }

    /// The chat as it stands with this message; none where the message was taken in before.
    fn summary(&self, customer_type: &str, message: &Value) -> Option<Value> {
        let mut state = self.state.lock().unwrap();
        if !state.seen.insert(message["id"].as_str()?.to_owned()) {
            return None;
        }
        let number = message["from"].as_str()?;
        let chat_id = format!("{customer_type}-{number}");
        let unread = state.unread.entry(chat_id.clone()).or_default();
        *unread += 1;
        let kind = message["type"].as_str()?;
        let places = ["/text/body", "/interactive/button_reply/title", "/interactive/list_reply/title"];
        let caption = message[kind]["caption"].as_str();
        let text = places.iter().find_map(|place| message.pointer(place)?.as_str()).or(caption);
        let mut text = text.map_or_else(|| format!("[{kind}]"), str::to_owned);
        if self.defect == Defect::TextIsCut {
            text = text.chars().take(100).collect();
        }
        Some(json!({
            "chat_id": chat_id,
            "customer": number,
            "customer_name": null,
            "customer_type": customer_type,
            "last_message": text,
            "last_message_time": jiff::Timestamp::now().to_string(),
            "unread_count": unread,
            "status": "active",
        }))
    }

    async fn broadcast(&self, (room, event, summary): (String, String, Value)) {
        for name in [room.clone(), format!("{room} again")] {
            let _who_has_gone_hears_nothing = self.io.to(name).emit(event.clone(), &summary).await;
        }
    }
}

/// Answers a client, unless it has gone. For a moment after CONNECT was answered the library refuses to emit.
fn answer(socket: &SocketRef, event: &str, answer: &Value) {
    for _ in 0..10_000 {
        if socket.emit(event, answer).is_ok() {
            return;
        }
        std::thread::yield_now();
    }
}
