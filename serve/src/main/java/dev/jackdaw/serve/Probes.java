package dev.jackdaw.serve;

import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/// For those who start, stop and choose servers. `GET /health`: is the process alive? If not, starting it anew helps, so nothing else is looked
/// at. `GET /ready`: should it be sent requests? 503 with the reasons if the feedback database does not answer, if none of the models is there,
/// or if the server ends.
final class Probes implements HttpService {
    private static final System.Logger LOG = System.getLogger(Probes.class.getName());
    private static final int PATIENCE_MILLIS = 2000;

    private final BooleanSupplier database;
    private final ModelPool models;
    private FutureTask<Boolean> asking;             // one at a time, however often somebody probes
    private String last = "";
    private volatile boolean ending;

    /// @param database whether it answers; may take its time
    Probes(BooleanSupplier database, ModelPool models) {
        this.database = database;
        this.models = models;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/health", this::health).get("/ready", this::ready);
    }

    private void health(ServerRequest request, ServerResponse response) {
        Json.send(response, Map.of("status", "ok"));
    }

    private void ready(ServerRequest request, ServerResponse response) throws InterruptedException {
        Map<String, String> reasons = new LinkedHashMap<>();
        if (ending) {
            reasons.put("server", "it ends");
        } else {
            databaseProblem().ifPresent(reason -> reasons.put("database", reason));
            models.problem().ifPresent(reason -> reasons.put("models", reason));
        }
        say(reasons.toString());
        response.status(reasons.isEmpty() ? 200 : 503);
        Json.send(response, reasons.isEmpty() ? Map.of("status", "ready") : Map.of("status", "not ready", "reasons", reasons));
    }

    private Optional<String> databaseProblem() throws InterruptedException {
        FutureTask<Boolean> task;
        synchronized (this) {
            if (asking == null || asking.isDone()) {
                asking = new FutureTask<>(database::getAsBoolean);
                Thread.startVirtualThread(asking);
            }
            task = asking;
        }
        try {
            return task.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS) ? Optional.empty() : Optional.of("the feedback database cannot be reached");
        } catch (TimeoutException _) {
            return Optional.of("the feedback database has not answered for " + PATIENCE_MILLIS + " ms");
        } catch (ExecutionException e) {
            return Optional.of("the feedback database failed: " + e.getCause().getClass().getSimpleName());
        }
    }

    /// Each change once.
    private synchronized void say(String reasons) {
        if (!reasons.equals(last) && !(last.isEmpty() && reasons.equals("{}"))) {
            LOG.log(System.Logger.Level.WARNING, reasons.equals("{}") ? "ready again" : "not ready: " + reasons);
        }
        last = reasons;
    }

    /// From now on `/ready` says that the server ends, so that balancers send nobody any more.
    void end() {
        ending = true;
    }
}
