import com.google.gson.Gson;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.flume.Event;
import org.apache.flume.api.*;
import org.apache.flume.event.EventBuilder;

/**
 * Flume's RPC clients on demand. A line of the input is a job, as JSON; a line of the output is how it went.
 *
 *   {"events": FILE, "single": BOOLEAN, "pauseMs": NUMBER, "properties": {RpcClientFactory's names: values}}
 *   {"acknowledged": NUMBER, "error": TEXT or absent, "nanoseconds": [NUMBER] or absent}
 *
 * With pauseMs each append is timed, and followed by the pause.
 *
 * FILE holds events one after another: int32 number of headers, for each name and value (int32 length, UTF-8), then
 * the body (int32 length, bytes); all big-endian.
 */
public class Send {
  static class Job {
    String events;
    boolean single;
    Long pauseMs;
    Map<String, String> properties;
  }

  static class Answer {
    int acknowledged;
    String error;
    List<Long> nanoseconds;
  }

  public static void main(String[] args) throws IOException {
    PrintStream out = System.out;
    // What libraries print must not stand among the answers.
    System.setOut(System.err);
    Gson gson = new Gson();
    var jobs = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = jobs.readLine(); line != null; line = jobs.readLine()) {
      out.println(gson.toJson(run(gson.fromJson(line, Job.class))));
    }
    System.exit(0);
  }

  static Answer run(Job job) {
    Answer answer = new Answer();
    if (job.pauseMs != null) answer.nanoseconds = new ArrayList<>();
    Properties properties = new Properties();
    properties.putAll(job.properties);
    RpcClient client = null;
    try {
      List<Event> events = read(job.events);
      client = RpcClientFactory.getInstance(properties);
      if (job.single) {
        for (Event event : events) {
          long begun = System.nanoTime();
          client.append(event);
          answer.acknowledged++;
          if (job.pauseMs == null) continue;
          answer.nanoseconds.add(System.nanoTime() - begun);
          Thread.sleep(job.pauseMs);
        }
      } else {
        // One call each: a load-balancing client takes another host for the next one.
        for (int from = 0; from < events.size(); from += client.getBatchSize()) {
          List<Event> part = events.subList(from, Math.min(events.size(), from + client.getBatchSize()));
          client.appendBatch(part);
          answer.acknowledged += part.size();
        }
      }
    } catch (Exception error) {
      answer.error = explained(error);
    } finally {
      if (client != null) client.close();
    }
    return answer;
  }

  static String explained(Throwable error) {
    StringJoiner text = new StringJoiner(" < ");
    for (Throwable one = error; one != null; one = one.getCause()) text.add(one.toString());
    return text.toString();
  }

  static List<Event> read(String file) throws IOException {
    List<Event> events = new ArrayList<>();
    try (var in = new DataInputStream(new BufferedInputStream(new FileInputStream(file)))) {
      for (;;) {
        int headers;
        try {
          headers = in.readInt();
        } catch (EOFException end) {
          return events;
        }
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < headers; i++) map.put(text(in), text(in));
        events.add(EventBuilder.withBody(bytes(in), map));
      }
    }
  }

  static String text(DataInputStream in) throws IOException {
    return new String(bytes(in), StandardCharsets.UTF_8);
  }

  static byte[] bytes(DataInputStream in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return bytes;
  }
}
