import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;

/** The line protocol of the test agents: requests and answers as JSON, bytes in base64, null for no bytes. */
final class Wire {
    private static final ObjectMapper JSON = new ObjectMapper();

    static {
        JSON.getFactory().setStreamReadConstraints(
            StreamReadConstraints.builder().maxStringLength(64 << 20).build());
    }

    private Wire() {
    }

    /** Answers one request by filling in {@code answer}, or throws. */
    interface Handler {
        void handle(String op, JsonNode request, ObjectNode answer) throws Exception;
    }

    /** Reads requests from standard input and writes answers to standard output until the input ends. */
    static void serve(Handler h) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode q = JSON.readTree(line);
            ObjectNode a = JSON.createObjectNode();
            try {
                h.handle(q.get("op").asText(), q, a);
            } catch (Throwable e) {
                a.put("error", String.valueOf(e));
            }
            out.println(JSON.writeValueAsString(a));
            out.flush();
        }
        System.exit(0);
    }

    static byte[] bytes(JsonNode n) {
        return n == null || n.isNull() ? null : Base64.getDecoder().decode(n.asText());
    }

    static String text(byte[] b) {
        return b == null ? null : Base64.getEncoder().encodeToString(b);
    }

    static ProducerRecord<byte[], byte[]> toProducerRecord(String topic, JsonNode r) {
        Integer partition = r.get("p").asInt() < 0 ? null : r.get("p").asInt();
        Long timestamp = r.get("t").asLong() <= 0 ? null : r.get("t").asLong();
        ProducerRecord<byte[], byte[]> out =
            new ProducerRecord<>(topic, partition, timestamp, bytes(r.get("k")), bytes(r.get("v")));
        if (r.hasNonNull("h")) {
            for (JsonNode h : r.get("h")) {
                out.headers().add(h.get(0).asText(), bytes(h.get(1)));
            }
        }
        return out;
    }

    static ObjectNode toJson(ConsumerRecord<byte[], byte[]> r) {
        ObjectNode n = JSON.createObjectNode();
        n.put("p", r.partition()).put("o", r.offset()).put("t", r.timestamp());
        n.put("k", text(r.key())).put("v", text(r.value()));
        ArrayNode headers = n.withArray("h");
        for (Header h : r.headers()) {
            headers.add(JSON.createArrayNode().add(h.key()).add(text(h.value())));
        }
        return n;
    }
}
