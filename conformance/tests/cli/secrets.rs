//! Secrets stay secret: in what is shown, in reports and in recordings, whatever a backend echoes.

use mock_server::{Login, Options};

use crate::support::{Ended, Folder, Front, Reply, Request, answer, conformance, mock_with};

const PASSWORD: &str = "zq1-correct-horse-battery";
const JWT_KEY: &str = "zq2-signs-every-token";
const APP_SECRET: &str = "zq3-signs-every-body";
const VERIFY_TOKEN: &str = "zq4-subscribes";
const API_KEY: &str = "zq5-opens-the-gateway";

/// The beginnings of what no file and no stream may hold, not even cut short, and an end; the last two begin JWTs.
const PARTS: [&str; 8] = ["zq1-co", "zq2-si", "every-token", "zq3-si", "zq4-su", "zq5-op", "eyJ0eX", "eyJhbG"];

/// A mock that knows the secrets.
fn backend() -> String {
    mock_with(Options {
        jwt_secret: JWT_KEY.to_owned(),
        login: Login { password: PASSWORD.to_owned(), ..Login::default() },
        webhook_secret: Some(APP_SECRET.to_owned()),
        verify_token: VERIFY_TOKEN.to_owned(),
        ..Options::default()
    })
}

/// The configuration for it, with the secrets taken from the environment.
fn configuration(target: &str) -> String {
    format!(
        "target = \"{target}\"\n[auth]\nusername = \"agent\"\npassword = \"${{PASSWORD}}\"\nsecret = \"${{JWT_KEY}}\"\n\
         [trigger]\nsecret = \"${{APP_SECRET}}\"\nverify_token = \"${{VERIFY_TOKEN}}\"\n"
    )
}

/// Runs with this configuration, all reports and a recording, and holds everything that came of it to have no secret.
async fn run(folder: &Folder, configuration: &str, more: &[&str]) -> Ended {
    folder.write("conformance.toml", configuration);
    let arguments = ["run", "--config", "conformance.toml", "--verbose", "--save-recording", "run.jsonl"];
    let reports =
        ["--report=json:report.json", "--report=junit:report.xml", "--report=report.md", "--report=report.txt"];
    let mut call = conformance(arguments.into_iter().chain(reports).chain(more.iter().copied())).within(folder.path());
    for (name, value) in [
        ("PASSWORD", PASSWORD),
        ("JWT_KEY", JWT_KEY),
        ("APP_SECRET", APP_SECRET),
        ("VERIFY_TOKEN", VERIFY_TOKEN),
        ("API_KEY", API_KEY),
    ] {
        call = call.env(name, value);
    }
    let ended = call.end().await;
    for file in ["run.jsonl", "report.json", "report.xml", "report.md", "report.txt"] {
        assert_none(file, &folder.read(file));
    }
    assert_none("standard output", &ended.stdout);
    assert_none("standard error", &ended.stderr);
    ended
}

fn assert_none(place: &str, text: &str) {
    for secret in PARTS {
        if let Some(at) = text.find(secret) {
            let from = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            panic!("{place}: {}", text[from..].lines().next().unwrap_or_default());
        }
    }
}

/// A front that answers requests which begin like this with 401 and all that they held, after `padding` characters.
async fn echoing(line: &'static str, padding: usize) -> Front {
    let reply = move |request: &Request| match request.line.starts_with(line) {
        true => {
            let body = format!("{} {} {}", "x".repeat(padding), request.body, request.head);
            answer("401 Unauthorized", "text/plain", &body)
        }
        false => Reply::Pass,
    };
    Front::new(backend(), reply).await
}

#[tokio::test]
async fn a_whole_run_shows_none() {
    let folder = Folder::new();
    let ended = run(&folder, &configuration(&backend()), &[]).await;
    assert!(ended.report(0).contains("conforms"), "{}", ended.stdout);
    // The traffic is there, and what was in the place of a secret is marked.
    let recording = folder.read("run.jsonl");
    assert!(recording.contains("room_update_vendor"));
}

#[tokio::test]
async fn tokens_in_the_query_are_not_shown() {
    let folder = Folder::new();
    let text = configuration(&backend()).replace("[trigger]", "send = \"query\"\n[trigger]");
    run(&folder, &text, &["--run", "auth.*", "--run", "transport.*"]).await.report(0);
}

#[tokio::test]
async fn a_login_that_echoes_the_password_shows_none_wherever_it_is_cut() {
    let folder = Folder::new();
    for padding in [0, 150, 155] {
        let text = configuration(&echoing("POST /api/auth/login", padding).await.http_url());
        let said = run(&folder, &text, &[]).await.refusal(2);
        assert!(said.starts_with("login refused"), "{said}");
    }
}

#[tokio::test]
async fn a_handshake_that_echoes_the_token_shows_none() {
    let folder = Folder::new();
    for padding in [0, 60] {
        // Without a token a session opens; with one in the query it is refused.
        let reply = move |request: &Request| match request.line.contains("token=") {
            true => answer("401 Unauthorized", "text/plain", &format!("{} {}", "x".repeat(padding), request.line)),
            false => Reply::Pass,
        };
        let url = Front::new(backend(), reply).await.http_url();
        let text = configuration(&url).replace("[trigger]", "send = \"query\"\n[trigger]");
        let ended = run(&folder, &text, &["--run", "auth.*"]).await;
        assert!(ended.stdout.contains("401"), "{ended:?}");
    }
}

#[tokio::test]
async fn a_trigger_that_echoes_its_request_shows_none() {
    let folder = Folder::new();
    for padding in [0, 125, 130] {
        let url = echoing("POST /inbound", padding).await.http_url();
        let trigger = "[trigger]\nkind = \"http\"\nurl = \"/inbound?key=${API_KEY}\"\nbody = '{\"password\": \"${API_KEY}\"}'\n\
                       [trigger.headers]\nx-api-key = \"${API_KEY}\"\nauthorization = \"Bearer ${JWT_KEY}\"\n[deadlines]\ndelivery = \"100ms\"";
        let text = configuration(&url);
        let text = format!("{}{trigger}", text.split("[trigger]").next().unwrap());
        let ended = run(&folder, &text, &["--run", "broadcast.delivered"]).await;
        // Refused for every customer type: that is said once, and there is no run.
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("401 Unauthorized"), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_program_that_echoes_its_environment_shows_none() {
    let folder = Folder::new();
    for padding in [0, 985] {
        // Of a long output the end is shown.
        let program = format!(
            "echo $GATEWAY ${{API_KEY}} $PASSWORD $JWT_KEY >&2; printf '%{padding}s' | tr ' ' x >&2; echo . >&2; exit 1"
        );
        let trigger = format!(
            "[trigger]\nkind = \"command\"\nprogram = \"sh\"\nargs = [\"-c\", \"{program}\"]\n\
             [trigger.env]\nGATEWAY = \"${{API_KEY}}\"\n[deadlines]\ndelivery = \"100ms\""
        );
        let text = format!("{}{trigger}", configuration(&backend()).split("[trigger]").next().unwrap());
        let ended = run(&folder, &text, &["--run", "broadcast.delivered"]).await;
        assert!(ended.report(3).contains("exit code 1"), "{}", ended.stdout);
    }
}
