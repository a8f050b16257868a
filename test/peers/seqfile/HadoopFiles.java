import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.*;
import org.apache.hadoop.io.*;
import org.apache.hadoop.io.SequenceFile.CompressionType;
import org.apache.hadoop.io.compress.*;
import org.apache.hadoop.util.ReflectionUtils;

/**
 * Hadoop's readers and writers of files.
 *
 *   records FILE...   each SequenceFile as a line of its classes, then a line a record: key, value in base64
 *   text FILE...      each compressed file, by its name's ending: a line with its bytes in base64
 *   write DIRECTORY   small files of each kind, written as Flume's hdfs sink does
 */
public class HadoopFiles {
  static final Configuration CONF = new Configuration();
  static final String[] CODECS = {"GzipCodec", "DefaultCodec", "BZip2Codec", "SnappyCodec", "Lz4Codec"};

  public static void main(String[] args) throws Exception {
    CONF.set("fs.defaultFS", "file:///");
    for (int i = 1; i < args.length; i++) {
      switch (args[0]) {
        case "records" -> records(args[i]);
        case "text" -> text(args[i]);
        default -> write(args[i]);
      }
    }
  }

  static void records(String file) throws Exception {
    try (SequenceFile.Reader in = new SequenceFile.Reader(CONF, SequenceFile.Reader.file(new Path(file)))) {
      CompressionCodec codec = in.getCompressionCodec();
      System.out.println("file " + file + " " + in.getKeyClassName() + " " + in.getValueClassName() + " "
          + in.getCompressionType() + " " + (codec == null ? "none" : codec.getClass().getName()));
      LongWritable key = new LongWritable();
      Writable value = (Writable) ReflectionUtils.newInstance(in.getValueClass(), CONF);
      while (in.next(key, value)) {
        byte[] bytes = value instanceof BytesWritable b ? b.copyBytes() : ((Text) value).copyBytes();
        System.out.println(key.get() + " " + base64(bytes));
      }
    }
  }

  static void text(String file) throws Exception {
    CompressionCodec codec = new CompressionCodecFactory(CONF).getCodec(new Path(file));
    try (InputStream in = codec.createInputStream(new FileInputStream(file))) {
      System.out.println("file " + file + " " + codec.getClass().getName());
      System.out.println(base64(in.readAllBytes()));
    }
  }

  static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  static void write(String directory) throws Exception {
    writeRecords(directory + "/plain-bytes.seq", new BytesWritable(), null);
    writeRecords(directory + "/plain-text.seq", new Text(), null);
    for (String name : CODECS) {
      CompressionCodec codec = (CompressionCodec) ReflectionUtils.newInstance(
          Class.forName("org.apache.hadoop.io.compress." + name), CONF);
      writeText(directory + "/text" + codec.getDefaultExtension(), codec);
      writeRecords(directory + "/block-" + name + ".seq", new BytesWritable(), codec);
    }
  }

  /** Two batches, each followed by the sync of a commit. */
  static void writeRecords(String file, Writable value, CompressionCodec codec) throws Exception {
    CompressionType type = codec == null ? CompressionType.NONE : CompressionType.BLOCK;
    FSDataOutputStream out = FileSystem.getLocal(CONF).getRaw().create(new Path(file));
    try (SequenceFile.Writer writer = SequenceFile.createWriter(CONF, out, LongWritable.class, value.getClass(),
        type, codec)) {
      for (int batch = 0; batch < 2; batch++) {
        for (int i = 0; i < 3; i++) {
          byte[] body = ("batch " + batch + " event " + i + " ").repeat(i == 2 ? 20 : i).getBytes(StandardCharsets.UTF_8);
          if (value instanceof BytesWritable b) b.set(body, 0, body.length);
          else ((Text) value).set(body);
          writer.append(new LongWritable(1700000000000L + 10 * batch + i), value);
        }
        writer.sync();
      }
    }
    out.close();
  }

  /** Two batches, each followed by the finish of a commit. */
  static void writeText(String file, CompressionCodec codec) throws Exception {
    Compressor compressor = CodecPool.getCompressor(codec, CONF);
    try (OutputStream target = new FileOutputStream(file)) {
      CompressionOutputStream out = codec.createOutputStream(target, compressor);
      for (int batch = 0; batch < 2; batch++) {
        if (batch > 0) out.resetState();
        for (int i = 0; i < 200; i++) {
          out.write(("batch " + batch + " event " + i + "\n").getBytes(StandardCharsets.UTF_8));
        }
        out.finish();
      }
    }
  }
}
