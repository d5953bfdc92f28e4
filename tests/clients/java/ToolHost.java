import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs Apache Kafka's command-line tools one after another in one process, each as its own main method with
 * arguments, standard input and captured output: the start of a Java process would cost more than the tools do.
 */
public final class ToolHost implements Wire.Handler {
    private final InputStream stdin = System.in;
    private final PrintStream stderr = System.err;
    private final List<Runnable> hooks = Collections.synchronizedList(new ArrayList<>());
    private final AtomicReference<Exited> exited = new AtomicReference<>();

    /** A tool's call of exit, thrown so that only the tool ends. */
    private static final class Exited extends Error {
        private static final long serialVersionUID = 1L;
        final int status;

        Exited(int status) {
            super("exit " + status, null, false, false);
            this.status = status;
        }
    }

    /**
     * What a tool prints until it calls exit; some catch what the call throws here and would report it. It goes to the
     * standard error of this process too: of a tool that hangs the answer never comes.
     */
    private final class Printed extends ByteArrayOutputStream {
        @Override
        public synchronized void write(byte[] b, int off, int len) {
            stderr.write(b, off, len);
            if (exited.get() == null) {
                super.write(b, off, len);
            }
        }

        @Override
        public synchronized void write(int b) {
            stderr.write(b);
            if (exited.get() == null) {
                super.write(b);
            }
        }
    }

    private Exited exit(int status) {
        exited.compareAndSet(null, new Exited(status));
        return exited.get();
    }

    /** Serves requests until standard input ends. */
    public static void main(String[] args) throws Exception {
        ToolHost host = new ToolHost();
        Exit.setExitProcedure((status, message) -> {
            throw host.exit(status);
        });
        Exit.setHaltProcedure((status, message) -> {
            throw host.exit(status);
        });
        Exit.setShutdownHookAdder((name, hook) -> host.hooks.add(hook));
        Wire.serve(host);
    }

    @Override
    public void handle(String op, JsonNode q, ObjectNode a) throws Exception {
        if (!op.equals("tool")) {
            throw new IllegalArgumentException("unknown op " + op);
        }
        List<String> args = new ArrayList<>();
        q.get("args").forEach(n -> args.add(n.asText()));
        Printed out = new Printed();
        Printed err = new Printed();
        PrintStream oldOut = System.out;
        PrintStream oldErr = System.err;
        System.setIn(new ByteArrayInputStream(q.path("stdin").asText("").getBytes(StandardCharsets.UTF_8)));
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        try {
            a.put("exit", run(Class.forName(q.get("class").asText()), args.toArray(new String[0])));
        } finally {
            System.out.flush();
            System.err.flush();
            System.setIn(stdin);
            System.setOut(oldOut);
            System.setErr(oldErr);
        }
        a.put("out", out.toString(StandardCharsets.UTF_8));
        a.put("err", err.toString(StandardCharsets.UTF_8));
    }

    private int run(Class<?> tool, String[] args) throws Exception {
        hooks.clear();
        exited.set(null);
        int status = 0;
        try {
            tool.getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException e) {
            if (exited.get() == null) {
                e.getCause().printStackTrace();
                status = 1;
            }
        }
        Exited first = exited.getAndSet(null);
        for (Runnable hook : List.copyOf(hooks)) {
            try {
                hook.run();
            } catch (Exited e) {
                status = e.status;
            }
        }
        return first == null ? status : first.status;
    }
}
