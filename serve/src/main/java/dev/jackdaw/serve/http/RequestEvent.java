package dev.jackdaw.serve.http;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/// A request, for the flight recorder.
@Name("dev.jackdaw.Request")
@Label("HTTP request")
@Category("Jackdaw")
@Description("A request and how long it took until its answer was sent")
@StackTrace(false)
final class RequestEvent extends Event {
    @Label("Method")
    String method;
    @Label("Route")
    String route;
    @Label("Status")
    int status;
}
