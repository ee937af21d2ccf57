//! The control API, called as its document says: every answer is checked against it.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Server;

pub struct Api<'a> {
    server: &'a Server,
    pub document: Value,
}

impl<'a> Api<'a> {
    pub async fn of(server: &'a Server) -> Self {
        let (status, document) = server.request(Method::GET, "/__mock/api/openapi.json", &[], "").await;
        assert_eq!(status, StatusCode::OK);
        Self { server, document: serde_json::from_slice(&document).unwrap() }
    }

    /// Calls what stands below `/__mock/api/`, and checks the answer against the document.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let path = format!("/__mock/api/{path}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = self.server.request(method.clone(), &path, &[], body).await;
        let answer = serde_json::from_slice(&answer).unwrap_or_else(|error| panic!("{path}: {error}: {answer:?}"));
        self.check(&method, path.split('?').next().unwrap(), status, &answer);
        (status, answer)
    }

    /// The same, where it must succeed.
    pub async fn ok(&self, method: Method, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ok(Method::GET, path, &Value::Null).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.ok(Method::POST, path, body).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Value {
        self.ok(Method::PUT, path, body).await
    }

    fn check(&self, method: &Method, path: &str, status: StatusCode, answer: &Value) {
        let paths = self.document["paths"].as_object().unwrap();
        let fits = |template: &str| {
            let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
            let same = |(own, given): (&&str, &&str)| own.starts_with('{') || own == given;
            template.len() == path.len() && template.iter().zip(&path).all(same)
        };
        // A path that is written out goes before one with parameters.
        let found = paths
            .iter()
            .filter(|(template, _)| fits(template))
            .min_by_key(|(template, _)| template.matches('{').count());
        let (_, calls) = found.unwrap_or_else(|| panic!("{path} is not in the document"));
        let response = &calls[method.as_str().to_lowercase()]["responses"][status.as_str()];
        assert!(response.is_object(), "{method} {path} answered {status}, which is not in the document: {answer}");
        let mut schema = response["content"]["application/json"]["schema"].clone();
        assert!(schema.is_object(), "{method} {path} {status} has no schema");
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{method} {path} {status}: {errors:?}\n{answer}");
    }

    /// Writes a text as a customer.
    pub async fn write(&self, customer_type: &str, number: &str, text: &str) -> Value {
        self.post(&format!("phones/{customer_type}/{number}/messages"), &json!({"text": text})).await
    }
}
