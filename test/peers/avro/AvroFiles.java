import java.io.File;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.file.*;
import org.apache.avro.generic.*;

/**
 * Avro's reader and writer of container files.
 *
 *   records FILE...   each file as a line with its codec and schema, then a line a record, as JSON
 *   write DIRECTORY   a small file of Flume's events with each codec
 */
public class AvroFiles {
  static final String EVENT = "{\"type\":\"record\",\"name\":\"Event\",\"fields\":["
      + "{\"name\":\"headers\",\"type\":{\"type\":\"map\",\"values\":\"string\"}},{\"name\":\"body\",\"type\":\"bytes\"}]}";
  static final String[] CODECS = {"null", "deflate", "snappy", "bzip2", "zstandard"};

  public static void main(String[] args) throws Exception {
    for (int i = 1; i < args.length; i++) {
      if (args[0].equals("records")) records(args[i]);
      else for (String codec : CODECS) write(new File(args[i], codec + ".avro"), codec);
    }
  }

  static void records(String file) throws Exception {
    try (var in = new DataFileReader<GenericRecord>(new File(file), new GenericDatumReader<>())) {
      System.out.println("file " + in.getMetaString("avro.codec") + " " + in.getSchema());
      while (in.hasNext()) System.out.println(in.next());
    }
  }

  /** Two batches, each followed by the flush of a commit. */
  static void write(File file, String codec) throws Exception {
    Schema schema = new Schema.Parser().parse(EVENT);
    try (var out = new DataFileWriter<GenericRecord>(new GenericDatumWriter<>(schema))) {
      out.setCodec(CodecFactory.fromString(codec));
      out.create(schema, file);
      for (int batch = 0; batch < 2; batch++) {
        for (int i = 0; i < 3; i++) {
          GenericRecord event = new GenericData.Record(schema);
          event.put("headers", Map.of("batch", String.valueOf(batch)));
          event.put("body", ByteBuffer.wrap(("event " + i + " ").repeat(10 * i).getBytes(StandardCharsets.UTF_8)));
          out.append(event);
        }
        out.flush();
      }
    }
  }
}
