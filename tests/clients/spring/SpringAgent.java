import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.core.ProducerFactory;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.KafkaMessageListenerContainer;
import org.springframework.kafka.requestreply.ReplyingKafkaTemplate;
import org.springframework.kafka.support.TopicPartitionOffset;
import org.springframework.messaging.handler.annotation.SendTo;

/**
 * spring-kafka behind the test agents' line protocol: a ReplyingKafkaTemplate that asks, and a listener that answers.
 * See spring_test.go in the folder above for the operations.
 */
public final class SpringAgent implements Wire.Handler {
    private final String bootstrap;
    private final Map<String, ReplyingKafkaTemplate<String, String, String>> templates = new HashMap<>(); // by topic and partition for replies
    private final List<AnnotationConfigApplicationContext> listeners = new ArrayList<>(); // they run until the process ends

    private SpringAgent(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    /** Serves requests until standard input ends. */
    public static void main(String[] args) throws Exception {
        Wire.serve(new SpringAgent(args[0]));
    }

    @Override
    public void handle(String op, JsonNode q, ObjectNode a) throws Exception {
        switch (op) {
            case "hello" -> a.put("version", String.valueOf(KafkaTemplate.class.getPackage().getImplementationVersion()));
            case "answer" -> answer(q);
            case "ask" -> ask(q, a);
            default -> throw new IllegalArgumentException("unknown op " + op);
        }
    }

    /** Asks all at once, from several threads; the replies are in the order of the requests. */
    private void ask(JsonNode q, ObjectNode a) throws Exception {
        ReplyingKafkaTemplate<String, String, String> template =
            templates.computeIfAbsent(q.get("reply_topic").asText() + " " + q.get("partition").asInt(), x -> template(q));
        Duration wait = Duration.ofMillis(q.get("wait_ms").asLong());
        List<Future<ConsumerRecord<String, String>>> asked = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(q.get("count").asInt());
        try {
            for (JsonNode r : q.get("records")) {
                ProducerRecord<String, String> request =
                    new ProducerRecord<>(q.get("topic").asText(), text(r.get("k")), text(r.get("v")));
                asked.add(threads.submit(() -> template.sendAndReceive(request, wait).get(60, TimeUnit.SECONDS)));
            }
            for (Future<ConsumerRecord<String, String>> f : asked) {
                ConsumerRecord<String, String> reply = f.get();
                a.withArray("records").addObject().put("k", Wire.text(bytes(reply.key()))).put("v", Wire.text(bytes(reply.value())));
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static String text(JsonNode n) {
        byte[] b = Wire.bytes(n);
        return b == null ? null : new String(b, java.nio.charset.StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String s) {
        return s == null ? null : s.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    private ReplyingKafkaTemplate<String, String, String> template(JsonNode q) {
        String replies = q.get("reply_topic").asText();
        int partition = q.get("partition").asInt();
        ContainerProperties properties = partition == 0 ? new ContainerProperties(replies)
            : new ContainerProperties(new TopicPartitionOffset(replies, partition));
        properties.setGroupId("askers of " + replies);
        ReplyingKafkaTemplate<String, String, String> template = new ReplyingKafkaTemplate<>(
            Spring.producers(bootstrap), new KafkaMessageListenerContainer<>(Spring.consumers(bootstrap), properties));
        template.afterPropertiesSet();
        template.start();
        try {
            if (!template.waitForAssignment(Duration.ofSeconds(60))) {
                throw new IllegalStateException("no partition of " + replies + " was assigned");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return template;
    }

    /** Answers what comes to a topic from now on. */
    private void answer(JsonNode q) {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("asked", Map.of(
            "bootstrap", bootstrap, "topic", q.get("topic").asText(), "group", q.get("group").asText())));
        context.register(Spring.class, Answers.class);
        context.refresh();
        listeners.add(context);
    }

    /** The beans that answer. */
    @Configuration(proxyBeanMethods = false)
    @EnableKafka
    static class Spring {
        static ProducerFactory<String, String> producers(String bootstrap) {
            return new DefaultKafkaProducerFactory<>(Map.of("bootstrap.servers", bootstrap), new StringSerializer(), new StringSerializer());
        }

        static ConsumerFactory<String, String> consumers(String bootstrap) {
            return new DefaultKafkaConsumerFactory<>(
                Map.of("bootstrap.servers", bootstrap, "auto.offset.reset", "earliest"), new StringDeserializer(), new StringDeserializer());
        }

        @Bean
        ConcurrentKafkaListenerContainerFactory<String, String> kafkaListenerContainerFactory(org.springframework.core.env.Environment env) {
            String bootstrap = env.getRequiredProperty("bootstrap");
            ConcurrentKafkaListenerContainerFactory<String, String> factory = new ConcurrentKafkaListenerContainerFactory<>();
            factory.setConsumerFactory(consumers(bootstrap));
            factory.setReplyTemplate(new KafkaTemplate<>(producers(bootstrap)));
            factory.setConcurrency(2);
            return factory;
        }
    }

    /** Answers requests where they want to have the answer. */
    static class Answers {
        @KafkaListener(topics = "${topic}", groupId = "${group}")
        @SendTo
        String answer(String question) {
            return "spring: " + question;
        }
    }
}
