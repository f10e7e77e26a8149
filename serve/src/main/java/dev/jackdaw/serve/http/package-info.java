/// # What every request passes
/// [ApiError] (how a request fails), [Fields] (a JSON body, read with an error that names the field), [EventStream] (server-sent events),
/// and the gates before them: [Gate] (who may ask), [Access] and [Role] (what a key may do), [Quotas] (how much). Nothing here knows what a model is.
package dev.jackdaw.serve.http;
